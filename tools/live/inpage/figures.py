"""Matplotlib's backend in a page: plt.show() gives each open figure to the cell's outputs, as Jupyter does."""

import base64
import io

from matplotlib import pyplot
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

__all__ = ["FigureCanvas", "show"]
emit = None  # the runner's: takes one output


def show(*_, **__):
    """Emit every open figure as a PNG of its own size, in the order of making, and close it."""
    for manager in Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        file = io.BytesIO()
        # What tools of notebooks add (cropping to the text) differs by font: see cnnbook.plots.
        figure.savefig(file, format="png", facecolor=figure.get_facecolor(), dpi=figure.dpi)
        picture = base64.b64encode(file.getvalue()).decode()
        data = {"image/png": picture, "text/plain": repr(figure)}
        emit({"output_type": "display_data", "data": data, "metadata": {}})
    pyplot.close("all")
