"""Draw sheets for calculating by hand, and their keys:  python tools/teacher.py --class 1-1

Usage:  python tools/teacher.py [DEST] [--class NAME …] [--seed 0]        (make teacher)

Every class gets numbers of its own, and a key that the same code computes through cnnbook.ops. The
same class and seed give the same sheet on every machine; another seed gives the class a second
one. Sheets are HTML for printing, and PDF too where a browser is found.
"""

import argparse
import dataclasses
import hashlib
import html
import pathlib
import random
import re
import sys
import unicodedata

import browser
import numpy as np
import pdf

from cnnbook import normalize, ops
from cnnbook._errors import bad_value
from cnnbook._files import replacing

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One exercise: its words, the numbers it gives, and the numbers it asks for.

    given, answers: {label: number or array of at most two axes}, printed in this order. chapter:
    where the book explains it.
    """

    title: str
    text: str
    chapter: int
    given: dict
    answers: dict


class Draw:
    """Random numbers from a class's name and a seed: the same on every machine and Python.

    Of Python's generator only random() is promised to stay the same, so all comes from it.
    """

    def __init__(self, name, seed):
        digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest, "big")).random

    def integer(self, low, high):
        """Return an integer from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def array(self, shape, low, high):
        return np.array([self.integer(low, high) for _ in range(np.prod(shape))]).reshape(shape)

    def one_of(self, choices):
        return choices[self.integer(0, len(choices) - 1)]

    def shuffled(self, values):
        left = list(values)
        return np.array([left.pop(self.integer(0, len(left) - 1)) for _ in values])


def until(draw, suits):
    """Return the first draw that suits."""
    while not suits(drawn := draw()):
        pass
    return drawn


def convolved(image, kernel, **options):
    """Return ops.conv2d of one 2-D or (height, width, channels) image and one filter, 2-D."""
    kernel = kernel.reshape(*kernel.shape[:2], -1, 1)
    return ops.conv2d(image.reshape(1, *image.shape[:2], -1), kernel, **options)[0, ..., 0]


def pooled(image, mode):
    return ops.pool2d(image[np.newaxis, ..., np.newaxis], 2, mode=mode)[0, ..., 0]


# --- the exercises: each takes a Draw ---------------------------------------------------------


def one_dimension(draw):
    signal = draw.array(6, 0, 9)
    # A kernel that reads the same from both ends would hide the flip.
    weights = until(lambda: draw.array(3, 0, 4), lambda w: w[0] != w[2] and w.all())
    return Exercise(
        "뒤집어서, 그리고 뒤집지 않고",
        "신호에 가중치를 겹칠 수 있는 자리마다(valid) 계산합니다. 합성곱은 가중치를 뒤집고, 교차상관은 "
        "뒤집지 않습니다.",
        3,
        {"신호": signal, "가중치": weights},
        {"합성곱": ops.convolve1d(signal, weights), "교차상관": ops.correlate1d(signal, weights)},
    )


def two_dimensions(draw):
    image = draw.array((4, 4), 0, 5)
    kernel = until(lambda: draw.array((2, 2), -2, 2), np.all)
    return Exercise(
        "2차원 합성곱",
        "커널을 뒤집지 않고 한 칸씩 밉니다. 패딩은 없습니다(valid).",
        3,
        {"이미지": image, "커널": kernel},
        {"특징 맵": convolved(image, kernel)},
    )


def padding_and_stride(draw):
    image = draw.array((4, 4), 0, 4)
    kernel = until(lambda: draw.array((3, 3), -1, 1), lambda k: (k != 0).sum() >= 5)
    return Exercise(
        "패딩과 스트라이드",
        "네 둘레에 0을 한 칸씩 덧대고(패딩 1), 창을 두 칸씩 옮깁니다(스트라이드 2).",
        4,
        {"이미지": image, "커널": kernel},
        {"특징 맵": convolved(image, kernel, padding=1, strides=2)},
    )


def sizes(draw):
    rows = [
        (draw.integer(20, 64), draw.one_of((3, 5, 7)), 1, "valid"),
        (draw.integer(20, 64), draw.one_of((3, 5)), draw.integer(2, 3), "same"),
        (draw.integer(20, 64), draw.one_of((3, 5)), 2, draw.integer(1, 2)),
        (draw.integer(20, 64), 2, 2, "valid"),
    ]
    return Exercise(
        "출력 크기",
        "한 변이 다음과 같은 정사각형 이미지를 합성곱하거나 풀링합니다. 출력의 한 변은 몇 칸일까요? "
        "패딩이 수이면 네 둘레에 그만큼 덧댑니다. 나누어떨어지지 않으면 버림인지 올림인지 생각합니다.",
        4,
        {"입력, 창, 스트라이드, 패딩": rows},
        {"출력의 한 변": np.array([ops.output_size(*row) for row in rows])},
    )


def channels(draw):
    image = draw.array((3, 3, 2), 0, 4)
    kernel = until(lambda: draw.array((2, 2, 2), -2, 2), lambda k: (k != 0).sum() >= 6)
    bias = draw.integer(-3, 3)
    return Exercise(
        "채널 둘, 필터 하나",
        "채널마다 곱해서 모두 더하고, 편향을 더합니다.",
        5,
        {
            "이미지, 채널 1": image[..., 0],
            "이미지, 채널 2": image[..., 1],
            "커널, 채널 1": kernel[..., 0],
            "커널, 채널 2": kernel[..., 1],
            "편향": bias,
        },
        {"특징 맵": convolved(image, kernel, bias=np.array([bias]))},
    )


def parameters(draw):
    side, channel_count = draw.one_of((8, 10, 12, 14)), draw.one_of((1, 3))
    filters, classes = draw.one_of((2, 4, 6, 8)), draw.integer(2, 5)
    left = ops.output_size(ops.output_size(side, 3), 2, 2)
    return Exercise(
        "파라미터 세기",
        f"({side}, {side}, {channel_count}) 이미지가 합성곱층(3×3 필터 {filters}개, 패딩 없음, 스트라이드 "
        f"1), 2×2 최대 풀링, 출력 {classes}개인 완전 연결층을 차례로 지납니다. 편향도 셉니다.",
        5,
        {},
        {
            "합성곱층": ops.conv2d_parameter_count(3, channel_count, filters),
            "풀링층": 0,
            "풀링한 뒤 펼친 수의 개수": left * left * filters,
            # Every output sees the whole map: a convolution whose window is as large as the map.
            "완전 연결층": ops.conv2d_parameter_count(left, filters, classes),
        },
    )


def pooling(draw):
    feature_map = draw.array((4, 4), 0, 9)
    return Exercise(
        "풀링",
        "2×2 창을 두 칸씩 옮기며 요약합니다.",
        6,
        {"특징 맵": feature_map},
        {"최대 풀링": pooled(feature_map, "max"), "평균 풀링": pooled(feature_map, "average")},
    )


def pooling_backward(draw):
    def decided(feature_map):  # one largest pixel a window: no tie to argue about
        windows = feature_map.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
        return (np.sort(windows)[:, -1] > np.sort(windows)[:, -2]).all()

    feature_map = until(lambda: draw.array((4, 4), 0, 9), decided)
    gradient = until(lambda: 4 * draw.array((2, 2), -2, 2), np.all)
    back = {
        mode: ops.pool2d_backward(
            feature_map[np.newaxis, ..., np.newaxis],
            2,
            gradient[np.newaxis, ..., np.newaxis],
            mode=mode,
        )[0, ..., 0]
        for mode in ("max", "average")
    }
    return Exercise(
        "풀링의 역전파",
        "2×2 창, 스트라이드 2인 풀링의 출력에 기울기가 도착했습니다. 입력의 칸마다 기울기를 적습니다.",
        7,
        {"풀링의 입력": feature_map, "출력의 기울기": gradient},
        {"최대 풀링이면": back["max"], "평균 풀링이면": back["average"]},
    )


def learning_step(draw):
    image = draw.array((3, 3), 0, 3)
    kernel = until(lambda: draw.array((2, 2), -1, 2), np.any)
    output = convolved(image, kernel)
    error = until(lambda: draw.array((2, 2), -2, 2), np.all)
    grad_image, grad_kernel, grad_bias = ops.conv2d_backward(
        image[np.newaxis, ..., np.newaxis],
        kernel[..., np.newaxis, np.newaxis],
        error[np.newaxis, ..., np.newaxis],
    )
    grad_kernel = grad_kernel[..., 0, 0]
    return Exercise(
        "앞으로 한 번, 뒤로 한 번",
        "커널로 합성곱해(valid, 편향은 0) 출력을 얻습니다. 손실은 (출력 − 바라는 값)²을 모두 더한 것의 "
        "절반이므로, 출력의 기울기는 출력 − 바라는 값입니다. 학습률 0.1로 커널을 한 걸음 옮깁니다.",
        7,
        {"이미지": image, "커널": kernel, "바라는 값": output - error},
        {
            "출력": output,
            "출력의 기울기": error,
            "손실": (error**2).sum() / 2,
            "커널의 기울기": grad_kernel,
            "편향의 기울기": grad_bias[0],
            "이미지의 기울기": grad_image[0, ..., 0],
            "새 커널": kernel - 0.1 * grad_kernel,
        },
    )


def batch_norm(draw):
    # Deviations whose standard deviation is a whole number.
    scale = draw.integer(1, 4)
    pattern = draw.one_of(((-scale, -scale, scale, scale), (-7, -1, 1, 7)))
    values = draw.integer(7, 12) + draw.shuffled(pattern)
    gamma, beta = draw.integer(2, 5), draw.integer(-3, 3)
    return Exercise(
        "배치 정규화",
        "한 채널의 값 네 개를 학습할 때의 방법으로 정규화합니다. ε은 0으로 놓습니다.",
        15,
        {"값": values, "γ": gamma, "β": beta},
        {
            "평균": values.mean(),
            "표준편차": values.std(),
            "정규화한 값": normalize.standardize(values[:, np.newaxis].astype(float), axis=0)[:, 0],
            "출력": normalize.batch_norm(
                values[:, np.newaxis].astype(float),
                np.array([float(gamma)]),
                np.array([float(beta)]),
                epsilon=0.0,
            )[:, 0],
        },
    )


EXERCISES = (
    *(one_dimension, two_dimensions, padding_and_stride, sizes, channels, parameters),
    *(pooling, pooling_backward, learning_step, batch_norm),
)


def exercises(name, seed):
    """Return the exercises of a class. Raises ValueError for a name of blanks or a seed below 0."""
    name = canonical(name)
    if seed < 0:
        raise bad_value("seed", seed, "an integer of at least 0", "0 이상의 정수")
    draw = Draw(name, seed)
    return [exercise(draw) for exercise in EXERCISES]


def canonical(name):
    """Return a class's name as it is compared: systems store 반 as one letter or as three."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise bad_value("class", name, "a name with letters or digits", "글자나 숫자가 든 이름")
    return name


# --- the page --------------------------------------------------------------------------------

PAGE = """\
<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} {name}</title>
<style>
@page {{ size: A4; margin: 14mm; }}
body {{ max-width: 46rem; margin: 1rem auto; padding: 0 1rem; line-height: 1.5; color: #000;
  font-family: Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
  "Noto Sans CJK KR", sans-serif; word-break: keep-all; }}
header {{ border-bottom: 2px solid #000; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .3rem; }}
h2 {{ font-size: 1.05rem; margin: 0 0 .2rem; }}
p {{ margin: .2rem 0; }}
section {{ break-inside: avoid; margin: 1.1rem 0; }}
small {{ font-weight: normal; color: #444; }}
.who span {{ display: inline-block; width: 11rem; border-bottom: 1px solid #000; }}
.row {{ display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; align-items: flex-end; margin: .5rem 0; }}
figure {{ margin: 0; }}
figcaption {{ font-size: .9rem; }}
table {{ border-collapse: collapse; }}
td {{ border: 1px solid #000; min-width: 2.1rem; height: 1.9rem; padding: 0 .4rem;
  text-align: center; font-variant-numeric: tabular-nums; }}
.asked td {{ border-width: 1.5px; background: #f5f7f9; min-width: 2.8rem; }}
.words td {{ text-align: left; }}
@media print {{ body {{ margin: 0; padding: 0; max-width: none; font-size: 10.5pt; }}
  * {{ print-color-adjust: exact; }} }}
</style>
<header>
<h1>{title}: {name}</h1>
<p>{note}</p>
</header>
{body}
</html>
"""


def number(value):
    """Write a number as on paper: no trailing zeros, a true minus sign."""
    if isinstance(value, str):
        return value
    return f"{round(float(value), 6) + 0:g}".replace("-", "−")


def grid(label, values, blank):
    """Write a labelled table of numbers; blank leaves its cells empty for the answer."""
    rows = [[values]] if np.ndim(values) == 0 else values
    rows = [rows] if np.ndim(rows[0]) == 0 and not isinstance(rows[0], tuple) else rows
    cells = "".join(
        "<tr>" + "".join(f"<td>{'' if blank else number(value)}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<figure><figcaption>{label}</figcaption><table>{cells}</table></figure>"


def page(name, seed, key):
    """Return the HTML of a class's sheet, or of its key."""
    drawn = exercises(name, seed)
    shown = html.escape(canonical(name))
    code = digest(drawn)[:6]
    parts = []
    for place, exercise in enumerate(drawn, 1):
        given = "".join(grid(label, values, False) for label, values in exercise.given.items())
        asked = "".join(grid(label, values, not key) for label, values in exercise.answers.items())
        parts.append(
            f"<section>\n<h2>{place}. {exercise.title} <small>{exercise.chapter}장</small></h2>\n"
            f"<p>{exercise.text}</p>\n"
            + (f'<div class="row">{given}</div>\n' if given else "")
            + f'<div class="row asked">{asked}</div>\n</section>'
        )
    sheet = f"문제지 번호 {seed}-{code}"
    who = f'<span class="who">이름 <span></span></span> · {sheet}'
    return PAGE.format(
        title="정답지" if key else "손으로 계산하기",
        name=shown,
        note=f"{sheet} · 문제지의 번호와 같아야 합니다." if key else who,
        body="\n".join(parts),
    )


def digest(drawn):
    """Return a checksum of all numbers of a sheet and of its key, in hexadecimal."""
    made = hashlib.sha256()
    for exercise in drawn:
        for values in (*exercise.given.values(), *exercise.answers.values()):
            flat = [
                item for row in np.atleast_1d(np.array(values, object)) for item in np.ravel(row)
            ]
            made.update(" ".join(map(number, flat)).encode())
    return made.hexdigest()


def folder_name(name):
    """Return a folder's name for a class: its letters and digits, and what tells it from others."""
    name = canonical(name)
    plain = re.sub(r"[^\w-]+", "-", name)
    if plain == name == name.casefold():
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def main(arguments):
    parser = argparse.ArgumentParser(prog="teacher", description=__doc__.partition("\n")[0])
    parser.add_argument("dest", nargs="?", metavar="DEST", help="default: _build/teacher")
    parser.add_argument(
        "--class", dest="names", action="append", metavar="NAME", help="again for more"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another number: another sheet (default 0)"
    )
    chosen = parser.parse_args(arguments)
    dest = pathlib.Path(chosen.dest).expanduser() if chosen.dest else ROOT / "_build" / "teacher"
    made = []
    try:
        for name in chosen.names or ["1반"]:
            for kind, key in (("sheet", False), ("key", True)):
                path = dest / folder_name(name) / f"{kind}-{chosen.seed}.html"
                text = page(name, chosen.seed, key)
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as file:
                    file.write(text.encode())
                made.append(path.resolve())
        print("\n".join(map(str, made)))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    try:
        with browser.started() as chromium:
            for path in made:
                pdf.print_page(chromium, path, path.with_suffix(".pdf"))
        print("and the same as .pdf")
    except RuntimeError as error:
        print(f"No PDF was made: open the pages in a browser and print them.\n{error}")


if __name__ == "__main__":
    main(sys.argv[1:])
