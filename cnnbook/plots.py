"""The book's figures in one style. Labels are English technical terms: both editions share them.

Importing this module fixes Matplotlib's settings, so that a figure is the same on every machine.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from cnnbook._errors import bad_value, real_array
from cnnbook.pictures import on_white

STYLE = {
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same letters everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "image.interpolation_stage": "data",
}
# Matplotlib 3.8, which a page that runs has, knows all but the last, and does so anyway.
plt.rcParams.update({name: value for name, value in STYLE.items() if name in plt.rcParams})

_ADDED, _ADDED_TEXT = "#dbeafe", "#1d4ed8"  # zeros that padding adds
_CURVES = ("#1d4ed8", "#b45309", "#047857", "#7c3aed", "#be123c", "#0e7490")  # in this order


def _same_size_everywhere():
    """Keep notebooks from cropping figures to their text, whose width differs by font renderer."""
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return  # not in a notebook
    set_matplotlib_formats("png", bbox_inches=None)


_same_size_everywhere()


def show_images(images, titles=None, *, columns=None, numbers=False, limits="each", height=2.0):
    """Draw 2-D arrays (or RGB images) side by side and show them.

    images: a sequence of (height, width) or (height, width, 1 or 3) arrays, or of Pillow images.
    titles: one string an image. columns: images in a row (all of them by default).
    numbers: write each pixel's value into it. height: of a row, in inches.
    limits: "each" (every image from its own black to its own white), "shared" (one scale for all,
        so that brightness compares), or (low, high). Of RGB images, these are for floats; others
        and "each" are shown as they are, floats from 0 to 1. NaN is left blank.
    Raises ValueError for arrays that are no images, RGB beyond its range, senseless limits, or
    titles that do not match the images.
    """
    images = [_drawable(image) for image in images]
    if not images:
        raise bad_value("images", images, "at least one image", "이미지 하나 이상")
    _check_titles(titles, images)
    columns = min(len(images), columns or len(images))
    rows = math.ceil(len(images) / columns)
    limits = _checked_limits(limits, images)
    scales = [limits or _range(image) for image in images]
    if limits:  # Matplotlib has none for RGB. From here on black is 0 and white 1.
        images = [_between(image, *limits) if _is_float_rgb(image) else image for image in images]
    images = [_colours(image) for image in images]
    shapes = [image.shape[1] / image.shape[0] for image in images]
    figure, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        figsize=_whole_pixels(columns * height * max(shapes), rows * height + 0.25),
    )
    _frame(axes, len(images))
    for i, (axis, image, (low, high)) in enumerate(zip(axes.flat, images, scales, strict=False)):
        axis.imshow(image, vmin=low, vmax=high)
        if titles is not None:
            axis.set_title(titles[i])
        if numbers:
            _write_numbers(axis, image, (low + high) / 2)
    plt.show()


def _is_float_rgb(image):
    return image.ndim == 3 and image.dtype.kind == "f"


def _between(image, low, high):
    return np.clip((image - low) / (high - low), 0, 1)


def _range(*images):
    """Return the smallest and the largest finite number of images, as Python's, which never wrap.

    Where there is no other, the larger one is 1 more: an even image is black.
    """
    finite = [image[np.isfinite(image)] for image in images]
    low = min((values.min().item() for values in finite if values.size), default=0)
    high = max((values.max().item() for values in finite if values.size), default=0)
    return low, high if high > low else low + 1


def _checked_limits(limits, images):
    """Return (low, high) for all images, or None for "each"."""
    if isinstance(limits, str) and limits in ("each", "shared"):
        return _range(*images) if limits == "shared" else None
    numbers = np.asarray(limits)
    real = numbers.shape == (2,) and numbers.dtype.kind in "fiu"
    if not real or not -np.inf < numbers[0] < numbers[1] < np.inf:
        wanted = '"each", "shared" or (low, high)', '"each", "shared" 또는 (낮은 값, 높은 값)'
        raise bad_value("limits", limits, *wanted)
    return tuple(numbers.tolist())


def _colours(image):
    """Return an image as Matplotlib draws it; ValueError for RGB that it would cut off to white."""
    if image.ndim == 2:
        return image
    if image.dtype.kind == "b":
        return image * 1.0
    white = 1 if _is_float_rgb(image) else 255
    low, high = image.min(), image.max()
    if low < -1e-6 or high > white + 1e-6:
        wanted = (
            "RGB from 0 to 1 (floats; others with limits=(low, high)) or from 0 to 255 (integers)",
            "0부터 1까지의 실수(다른 범위는 limits=(낮은 값, 높은 값)으로) 또는 0부터 255까지의 정수인 RGB",
        )
        raise bad_value("images", f"RGB from {low:g} to {high:g}", *wanted)
    return np.clip(image, 0, white)


def _check_titles(titles, images):
    if titles is not None and len(titles) != len(images):
        raise bad_value(
            "titles",
            f"{len(titles)} of them",
            f"{len(images)}, one per image",
            f"이미지마다 하나씩 {len(images)}개",
        )


def _whole_pixels(width, height):
    """Return the size in inches that every Matplotlib makes the same number of pixels.

    7.199999 inches become 863 pixels in one release and 864 in the next.
    """
    dpi = STYLE["figure.dpi"]
    return tuple((round(inches * dpi) + 1e-6) / dpi for inches in (width, height))


def _frame(axes, used):
    """Give each used axis a thin grey frame, so that a white border shows on a white page."""
    for axis in axes.flat[:used]:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="#9ca3af", linewidth=0.8)
    for axis in axes.flat[used:]:
        axis.set_axis_off()


def _drawable(image):
    if isinstance(image, Image.Image) and image.mode not in ("1", "L", "RGB", "I", "I;16", "F"):
        image = on_white(
            image
        )  # NumPy would take a palette's places for brightness, inks for light
    image = real_array("images", image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.size == 0 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise bad_value(
            "images",
            f"an array of shape {image.shape}",
            "(height, width) or (height, width, 1 or 3)",
            "(높이, 너비) 또는 (높이, 너비, 1이나 3) 모양",
        )
    return image


def _write_numbers(axis, image, middle):
    for (y, x), value in np.ndenumerate(image):
        axis.text(
            x,
            y,
            f"{value:g}",
            ha="center",
            va="center",
            color="white" if value < middle else "black",
        )


def show_windows(
    image, kernel_size, *, strides=1, padding=0, titles=None, columns=None, height=1.7
):
    """Draw a small 2-D array once for every place a window stops at, with the window outlined.

    kernel_size, strides: an int or (height, width), in pixels; windows lie wholly inside.
    padding: zeros around the array, drawn in blue: an int or ((top, bottom), (left, right)).
    titles: one string a place, such as the sum found there.
    Raises ValueError for a window that does not fit.
    """
    image, pads = _drawable(image), np.broadcast_to(padding, (2, 2))
    added = np.pad(np.zeros(image.shape, bool), pads, constant_values=True)
    image = np.pad(image, pads)
    (high, wide), (down, across) = np.broadcast_to(kernel_size, 2), np.broadcast_to(strides, 2)
    corners = [
        (y, x)
        for y in range(0, image.shape[0] - high + 1, down)
        for x in range(0, image.shape[1] - wide + 1, across)
    ]
    if not corners:
        raise bad_value(
            "kernel_size",
            kernel_size,
            f"at most the image's {image.shape[:2]}",
            f"이미지의 크기 {image.shape[:2]} 이하",
        )
    columns = min(len(corners), columns or len(corners))
    rows = math.ceil(len(corners) / columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        figsize=_whole_pixels(columns * height, rows * (height + 0.2)),
    )
    _frame(axes, len(corners))
    for i, (y, x) in enumerate(corners):
        axis = axes.flat[i]
        axis.imshow(np.ones_like(image, dtype=float), vmin=0, vmax=1)
        for row, column in np.argwhere(added):
            _cell(axis, column, row, _ADDED)
        axis.add_patch(
            plt.Rectangle(
                (x - 0.5, y - 0.5),
                wide,
                high,
                fc="#ffe08a",
                ec="#b45309",
                lw=2,
                zorder=2,
                clip_on=False,
            )
        )
        for (row, column), value in np.ndenumerate(image):
            color = _ADDED_TEXT if added[row, column] else "black"
            axis.text(column, row, f"{value:g}", ha="center", va="center", color=color, zorder=3)
        if titles is not None:
            axis.set_title(titles[i])
    plt.show()


def show_overlaps(signal, weights, places, *, padding=(0, 0)):
    """Draw a signal as a row of boxes and, below it, the weights at each of `places`.

    signal, weights: 1-D arrays; places: first positions of the weights, left end counted as 0.
    padding: zeros (before, after) the signal, drawn in blue; places count from the first of them.
    Beside each row stands the sum of the products.
    """
    added = np.pad(np.zeros(len(signal), bool), padding, constant_values=True)
    signal = np.pad(signal, padding)
    figure, axis = plt.subplots(
        figsize=_whole_pixels(0.5 * (len(signal) + 4), 0.55 * (len(places) + 1))
    )
    _boxes(axis, signal, 0, 0, np.where(added, _ADDED, "#e5e7eb"))
    for row, place in enumerate(places, start=1):
        _boxes(axis, weights, place, -row * 1.15, ["#ffe08a"] * len(weights))
        total = (signal[place : place + len(weights)] * weights).sum()
        axis.text(len(signal) + 0.4, -row * 1.15, f"sum {total:g}", va="center", ha="left")
    axis.set(xlim=(-0.6, len(signal) + 3), ylim=(-1.15 * len(places) - 0.6, 0.6), aspect="equal")
    axis.set_axis_off()
    plt.show()


def _boxes(axis, values, left, y, colors):
    for i, (value, color) in enumerate(zip(values, colors, strict=True)):
        _cell(axis, left + i, y, color)
        axis.text(left + i, y, f"{value:g}", ha="center", va="center")


def _cell(axis, x, y, color, **style):
    axis.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 1, 1, fc=color, ec="#6b7280", **style))


def show_layouts(layouts, titles=None, *, height=2.2):
    """Draw, for each layout, the grid of pixels and where the windows of a convolution stop.

    layouts: dicts of size and kernel_size (pixels along both axes) and, where wanted, strides,
        dilation_rate, and padding, an int or (before, after) along both axes.
    Amber: the pixels of the first window, outlined; dashed: the last window; dots: the centre of
    every window; blue: zeros of the padding; hatched: pixels of the image that no window meets.
    Raises ValueError for a window that does not fit.
    """
    figure, axes = plt.subplots(
        1, len(layouts), squeeze=False, figsize=_whole_pixels(len(layouts) * height, height + 0.25)
    )
    _frame(axes, len(layouts))
    for i, (axis, layout) in enumerate(zip(axes.flat, layouts, strict=True)):
        _draw_layout(axis, **layout)
        if titles is not None:
            axis.set_title(titles[i])
    plt.show()


def _draw_layout(axis, size, kernel_size, strides=1, padding=0, dilation_rate=1):
    before, after = np.broadcast_to(padding, 2)
    span, whole = (kernel_size - 1) * dilation_rate + 1, before + size + after
    starts = np.arange(0, whole - span + 1, strides)
    if not len(starts):
        raise bad_value(
            "kernel_size",
            f"a window of {span} pixels",
            f"at most the padded image's {whole} pixels",
            f"패딩한 이미지의 크기 {whole} 이하",
        )
    taps = np.arange(kernel_size) * dilation_rate
    met = np.isin(np.arange(whole), np.add.outer(starts, taps))
    for y, x in np.ndindex(whole, whole):
        inside = before <= y < before + size and before <= x < before + size
        if y in taps and x in taps:
            _cell(axis, x, y, "#ffe08a")
        elif not inside:
            _cell(axis, x, y, _ADDED)
        else:
            _cell(axis, x, y, "white", hatch=None if met[y] and met[x] else "////")
    for start, line in ((starts[-1], "--"), (0, "-")):
        corner = (start - 0.5, start - 0.5)
        axis.add_patch(plt.Rectangle(corner, span, span, fill=False, ec="#b45309", lw=2, ls=line))
    x, y = np.meshgrid(starts, starts)
    axis.plot(x + (span - 1) / 2, y + (span - 1) / 2, "o", color="#1d4ed8", markersize=4)
    axis.set(xlim=(-0.6, whole - 0.4), ylim=(whole - 0.4, -0.6), aspect="equal")


def show_curves(histories, keys=("loss", "accuracy"), *, limits=None, height=2.4):
    """Draw learning curves, one panel a key, and show them.

    histories: {label: history}, each history a dict of lists with one number per epoch, as in
        `model.fit(...).history`: {"loss": [...], "val_loss": [...], ...}. One colour a label.
    keys: what to draw; solid from `key`, dashed from "val_" + key where a history has it.
    limits: {key: (lowest, highest)} for panels whose first epochs would flatten all the others.
    height: of the panels, in inches.
    Raises ValueError for no history or no key, a key that a history lacks, and curves that are
    not one number per epoch.
    """
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    curves = _curves(histories, keys)
    colors = dict(zip(histories, _CURVES, strict=False))
    handles = [plt.Line2D([], [], color=color, label=label) for label, color in colors.items()]
    if any(validation for _, _, validation, _ in curves):
        handles += [
            plt.Line2D([], [], color="#6b7280", ls=line, label=part)
            for part, line in (("training", "-"), ("validation", "--"))
        ]
    columns = min(len(handles), 2 * len(keys))
    below = 0.2 * math.ceil(len(handles) / columns)
    figure, axes = plt.subplots(
        1, len(keys), squeeze=False, figsize=_whole_pixels(3.5 * len(keys), height + below)
    )
    for label, key, validation, values in curves:
        axes[0, keys.index(key)].plot(
            range(1, len(values) + 1),
            values,
            color=colors[label],
            ls="--" if validation else "-",
            marker=".",  # a single epoch makes no line
            markersize=3,
        )
    epochs = max(len(values) for *_, values in curves)
    for axis, key in zip(axes.flat, keys, strict=True):
        axis.set(title=key, xlabel="epoch", xlim=(0.5, epochs + 0.5), ylim=(limits or {}).get(key))
        axis.xaxis.set_major_locator(
            plt.MaxNLocator(5, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
        )
        axis.grid(color="#e5e7eb", linewidth=0.6)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
    plt.show()


def _curves(histories, keys):
    """Return [(label, key, whether it is validation, values)] of every curve, checked."""
    if not isinstance(histories, dict) or not 1 <= len(histories) <= len(_CURVES):
        raise bad_value(
            "histories",
            f"{len(histories)} of them" if isinstance(histories, dict) else repr(histories),
            f"1 to {len(_CURVES)} of them, as {{label: history}}",
            f"{{이름: 기록}}의 꼴로 1개부터 {len(_CURVES)}개까지",
        )
    if not keys:
        raise bad_value("keys", keys, 'at least one, such as "loss"', '"loss" 같은 키 하나 이상')
    curves = []
    for label, history in histories.items():
        for key in keys:
            if not isinstance(history, dict) or key not in history:
                raise bad_value(
                    "histories",
                    f"{label!r} with {sorted(history) if isinstance(history, dict) else history!r}",
                    f"a dict with the key {key!r}",
                    f"키 {key!r}가 있는 사전",
                )
            for name in (key, f"val_{key}"):
                if name not in history:
                    continue
                values = np.asarray(history[name])
                if values.ndim != 1 or not 0 < len(values) == len(history[key]):
                    raise bad_value(
                        "histories",
                        f"{label!r} with {name!r} of shape {values.shape}",
                        "one number per epoch, as many for validation as for training",
                        "에포크마다 수 하나, 학습과 검증에 같은 개수",
                    )
                curves.append((label, key, name != key, values))
    return curves


def show_heat(images, heats, titles=None, *, columns=None, height=2.0):
    """Draw images with a heat map over each, stretched to the image's size, and show them.

    images: (height, width) or (height, width, 1 or 3) arrays. heats: one 2-D array an image, of
    any size, 0 for cold; each map is drawn from 0 to its own peak, brighter for hotter.
    titles, columns, height: as in `show_images`.
    Raises ValueError for arrays that are no images, and for maps or titles that do not match them.
    """
    images = [_colours(_drawable(image)) for image in images]
    heats = [real_array("heats", heat) for heat in heats]
    if not images or len(heats) != len(images) or any(heat.ndim != 2 for heat in heats):
        raise bad_value(
            "heats",
            f"shapes {[heat.shape for heat in heats]} for {len(images)} images",
            "one (rows, columns) map per image",
            "이미지마다 (행, 열) 맵 하나",
        )
    _check_titles(titles, images)
    columns = min(len(images), columns or len(images))
    rows = math.ceil(len(images) / columns)
    wide = max(image.shape[1] / image.shape[0] for image in images)
    figure, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        figsize=_whole_pixels(columns * height * wide, rows * (height + 0.25)),
    )
    _frame(axes, len(images))
    for i, (axis, image, heat) in enumerate(zip(axes.flat, images, heats, strict=False)):
        box = (-0.5, image.shape[1] - 0.5, image.shape[0] - 0.5, -0.5)
        axis.imshow(image, extent=box)
        axis.imshow(
            heat,
            extent=box,
            cmap="inferno",
            alpha=0.45,
            vmin=0,
            vmax=np.max(heat, where=np.isfinite(heat), initial=1e-12),
            interpolation="bilinear",
        )
        if titles is not None:
            axis.set_title(titles[i])
    plt.show()


def show_confusion(matrix, class_names):
    """Draw a confusion matrix and show it: a row a right class, a column a predicted one.

    matrix: (classes, classes) whole numbers. Blue: what was right; orange: mistakes; the darker,
    the larger their share of the row. A zero is left blank.
    Raises ValueError for another kind of matrix, or names that do not match it.
    """
    matrix, classes = np.asarray(matrix), len(class_names)
    whole = matrix.dtype.kind in "iu" and matrix.size and matrix.min() >= 0
    if matrix.shape != (classes, classes) or not whole:
        raise bad_value(
            "matrix",
            f"{matrix.dtype} of shape {matrix.shape}",
            f"whole numbers from 0, of shape ({classes}, {classes})",
            f"0 이상의 정수로 된 ({classes}, {classes}) 모양",
        )
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(classes, dtype=bool)[..., np.newaxis]
    colors = np.where(right, plt.cm.Blues(0.1 + 0.6 * share), plt.cm.Oranges(0.2 + 0.8 * share))
    colors[matrix == 0] = 1
    longest = max(len(str(name)) for name in class_names)
    names = 0.5 + 0.075 * longest  # inches beside and below the cells
    figure, axis = plt.subplots(figsize=_whole_pixels(*[0.34 * classes + names] * 2))
    axis.imshow(colors)
    for y, x in np.argwhere(matrix):
        dark = colors[y, x, :3].mean() < 0.6
        axis.text(x, y, matrix[y, x], ha="center", va="center", color="white" if dark else "black")
    axis.set(xlabel="predicted", ylabel="right", xticks=range(classes), yticks=range(classes))
    axis.set_xticklabels(class_names, rotation=90 if longest > 3 else 0)
    axis.set_yticklabels(class_names)
    axis.tick_params(length=0)
    axis.spines[:].set(visible=True, color="#9ca3af", linewidth=0.8)
    plt.show()
