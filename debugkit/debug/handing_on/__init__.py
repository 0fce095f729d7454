"""An error in forms that are handed on: its request as a command and as code, a test that fails like it, and a file.

==============  ====================================================================================================
placeholders    the parts of a request without what is secret in them
copied_request  the request as all these forms have it
shell           texts and bytes as words of a command line
curl            one line for a shell
python          a script without dependencies
place           where a test finds the application
failing_test    a test for pytest that fails with the same exception
offline         one HTML file that asks no server for anything
==============  ====================================================================================================

All of it is redacted by the rules of the page, and says what is.
"""
