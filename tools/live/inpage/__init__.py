"""What runs the cells inside a page, beside the helper package. It needs nothing but Python itself.

The same files run a chapter in ordinary Python (tools/live/cells.py): what they would do in a page
is known before there is one.
"""
