"""Matplotlib's backend in a page: plt.show() gives each open figure to the cell's outputs, as Jupyter does."""

import base64
import io

from matplotlib import pyplot
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
from matplotlib.figure import Figure

__all__ = ["FigureCanvas", "show"]
emit = None  # the runner's: takes one output


def png(figure):
    """Return a figure as the bytes of a PNG of its own size."""
    file = io.BytesIO()
    # What tools of notebooks add (cropping to the text) differs by font: see cnnbook.plots.
    figure.savefig(file, format="png", facecolor=figure.get_facecolor(), dpi=figure.dpi)
    return file.getvalue()


Figure._repr_png_ = png  # for a figure that is a cell's value


def show(*_, **__):
    """Emit every open figure, in the order of making, and close it."""
    try:
        for manager in Gcf.get_all_fig_managers():
            figure = manager.canvas.figure
            picture = base64.b64encode(png(figure)).decode()
            data = {"image/png": picture, "text/plain": repr(figure)}
            emit({"output_type": "display_data", "data": data, "metadata": {}})
    finally:  # one that cannot be drawn must not come back in every cell below
        pyplot.close("all")
