"""What chapters 1 to 8 use of scikit-image, for a page: its pictures lie in data/, all as PNG.

The package itself is not to be had for a page everywhere, and Pillow there reads no JPEG.
"""
