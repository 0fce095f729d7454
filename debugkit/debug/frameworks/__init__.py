"""What a framework knows of an error, and how its errors reach the debugger. No framework is imported: ``known`` tells
applications by the names of their classes.
"""
