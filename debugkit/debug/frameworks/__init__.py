"""What a framework knows of an error, and how its errors reach the debugger: one module for each framework.

``noting`` holds what is handed over of one request, ``logs`` knows which errors a framework prints itself,
``framework`` is the shape of all the others, and ``known`` finds them: a module here is loaded when its framework is,
which none of them imports. An error goes: the framework's signal or handler -> noting -> the protocol's adapter, which
has the page take the place of an answer 5xx -> known, which asks all of them for the view, the route and the request.
"""
