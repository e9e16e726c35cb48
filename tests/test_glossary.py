"""One Korean word per concept: in the prose, in the tables of terms, and in the glossary."""

import ast
import collections
import functools
import itertools
import pathlib
import re
import tomllib
import unicodedata

import nbformat
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = [*sorted((ROOT / "book/ko").glob("[!.]*.ipynb")), ROOT / "book/template/chapter.ipynb"]
CHAPTERS = sorted((ROOT / "book/ko").glob("[0-9][0-9]-*.ipynb"))
GLOSSARY = ROOT / "book/ko/glossary.md"

# The book's word, and what other texts call the same thing (spaces do not count).
# The glossary's last table tells readers the most common of these.
FORBIDDEN = tomllib.loads((ROOT / "book/ko/other_words.toml").read_text("utf-8"))["avoid"]
VARIANTS = [(variant, word) for word, row in FORBIDDEN.items() for variant in row.split()]
# What may follow a word that was found with a space inside ("밀집 층을", but not "수용 장소").
PARTICLES = "은|는|이|가|을|를|의|와|과|도|만|에|로|으로|까지|부터|처럼|마다|보다|란|나|인|들|층|신경망|입니다"


# --- reading ----------------------------------------------------------------------------------


@functools.cache
def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def python_sentences(path):
    """Return a Python file's string constants of several words: hints and error sentences.

    Single words may be answers that a check accepts: those are the reader's words.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, str) and " " in value.strip()]


def prose():
    """Yield (file, text) of all that a reader can meet in Korean."""
    for path in NOTEBOOKS:
        for cell in cells(path, "markdown"):
            yield path, cell.source
        for cell in cells(path, "code"):
            yield path, cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    for path in [*sorted((ROOT / "book/ko").glob("*.md")), ROOT / "README.ko.md"]:
        text = path.read_text(encoding="utf-8")
        yield path, without_variants_table(text) if path == GLOSSARY else text
    for path in sorted([*(ROOT / "cnnbook").rglob("*.py"), *(ROOT / "tools").glob("*.py")]):
        for text in python_sentences(path):
            yield path, text
    for path in (ROOT / "_config.yml", ROOT / "_toc.yml"):
        yield path, path.read_text(encoding="utf-8")


def pattern(*header):
    head = re.escape(f"| {' | '.join(header)} |")
    return re.compile(rf"^{head}\n\|[-|]+\|\n((?:\|.*\n?)+)", re.M)


def table(text, *header):
    """Return the rows, as lists of cells, of the Markdown tables with this header."""
    lines = [line for found in pattern(*header).finditer(text) for line in found[1].splitlines()]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == len(header) for row in rows), rows
    return rows


VARIANTS_HEADER = ("쓰지 않는 말", "이 책의 말")


def without_variants_table(text):
    return pattern(*VARIANTS_HEADER).sub("", text)


def glossary():
    """Return the glossary's rows: Korean, English, meaning, chapter."""
    text = GLOSSARY.read_text(encoding="utf-8")
    return table(text, "한국어", "English", "뜻", "처음 나오는 장")


def chapter_terms(path):
    """Return the (Korean, English) pairs of a chapter's take-away table, one word a pair."""
    pairs = []
    for cell in cells(path, "markdown"):
        for korean, english, _ in table(cell.source, "용어", "영어", "뜻"):
            pairs += zip(korean.split(", "), english.split(", "), strict=True)
    return pairs


# --- one word per concept ---------------------------------------------------------------------


def plain(text):
    """Return the text as it is read: composed Hangul, no marks of emphasis, no invisible letters."""
    text = unicodedata.normalize("NFC", text)
    return re.sub(r"[*`~\u00ad\u200b-\u200d\u2060\ufeff]|</?\w+>", "", text)


def loosely(word):
    return r"\s*".join(map(re.escape, word.replace(" ", "")))


def occurrences(word, text):
    """Find a word whatever its spacing; spread over two words only where both end with it."""
    ends = rf"(?![가-힣])|(?={PARTICLES})"
    for found in re.finditer(loosely(word), text):
        together = not re.search(r"\s", found[0])
        begins_word = not re.match("[가-힣]", text[found.start() - 1 : found.start()])
        if together or (begins_word and re.compile(ends).match(text, found.end())):
            yield found


def beside_our_word(word, found, text):
    """Whether it stands in parentheses right after our word: "스트라이드(보폭, stride)"."""
    before, after = text[: found.start()], text[found.end() :]
    return re.search(rf"{loosely(word)}\([^()]*$", before) and re.match(r"[^()]*\)", after)


def around(found, text):
    return " ".join(text[max(0, found.start() - 25) : found.end() + 25].split())


def wrong_words(texts):
    """List where another text's word stands for ours, in (place, text) pairs."""
    problems, introduced = [], collections.defaultdict(list)
    for place, text in texts:
        text = plain(text)
        for variant, word in VARIANTS:
            for found in occurrences(variant, text):
                line = f"{place}: {variant} → {word}: … {around(found, text)} …"
                if beside_our_word(word, found, text):
                    introduced[variant].append(line)
                else:
                    problems.append(line)
    for lines in introduced.values():
        problems += [f"{line} (in parentheses once in the book)" for line in lines[1:]]
    return problems


def wrong_spacing(texts, words):
    """List where one of our words is spelled with other spaces than in the glossary."""
    problems = []
    words = [word for word in words if len(word) >= 3]
    for place, text in texts:
        text = plain(text)
        problems += [
            f"{place}: {found[0]!r} → {word}: … {around(found, text)} …"
            for word in words
            for found in occurrences(word, text)
            if " ".join(found[0].split()) != word
        ]
    return problems


def places():
    return [(path.relative_to(ROOT), text) for path, text in prose()]


def test_the_prose_uses_our_words():
    assert not wrong_words(places())


def test_the_prose_spells_our_words_with_the_same_spaces():
    words = {row[0] for row in glossary()} | set(FORBIDDEN)
    assert not wrong_spacing(places(), words)


def test_every_kind_of_prose_is_read():
    read = {str(place): text for place, text in places() if text.strip()}
    for name in ("book/ko/index.md", "book/ko/glossary.md", "README.ko.md", "_toc.yml",
                 "book/ko/03-convolution.ipynb", "book/template/chapter.ipynb",
                 "cnnbook/check/ch03.py", "cnnbook/_errors.py", "tools/run.py"):  # fmt: skip
        assert name in read
    everything = "\n".join(text for _, text in places())
    for words in (
        "흰 원이 그려져 있다",
        "먼저 커널을 뒤집어야 합니다",
        "받은 값은",
        "장이 없습니다",
    ):
        assert words in everything  # an alt text, a hint, error sentences


# --- the test bites -----------------------------------------------------------------------------


@pytest.mark.parametrize(("variant", "word"), VARIANTS, ids=lambda name: name)
def test_a_wrong_word_is_found(variant, word):
    half = len(variant) // 2
    spaced = f"{variant[:half]} {variant[half:]}"
    for text in (variant, spaced, f"**{variant}**", "\u200b".join(variant),
                 f"{variant[:half]}\n{variant[half:]}", unicodedata.normalize("NFD", variant)):  # fmt: skip
        for sentence in (f"{text}", f"이 장의 {text}은 새롭습니다.", f"새로운 {text}에서 봅니다."):
            assert wrong_words([("here", sentence)]), sentence
    assert wrong_words([("here", f"2차원{variant}에서는")])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_tampered_chapter_is_found(path):
    texts = [(path.name, cell.source) for cell in cells(path, "markdown")]
    before = wrong_words(texts)
    tampered = [(name, text.replace("합성곱", "컨볼루션", 1)) for name, text in texts]
    changed = sum(a != b for a, b in zip(texts, tampered, strict=True))
    assert changed and len(wrong_words(tampered)) == len(before) + changed


def test_a_synonym_may_stand_once_in_parentheses_after_our_word():
    introduction = ("a", "창을 옮기는 칸 수를 **스트라이드**(보폭, stride)라고 합니다.")
    assert not wrong_words([introduction])
    assert not wrong_words([introduction, ("b", "특징 맵(feature map, 피처 맵)")])
    assert len(wrong_words([introduction, introduction])) == 1
    for text in ("보폭(스트라이드)", "스트라이드는 (보폭)", "스트라이드(stride) 보폭", "합성곱(보폭)",
                 "스트라이드(stride)와 (보폭)", "스트라이드(보폭"):  # fmt: skip
        assert len(wrong_words([("here", text)])) == 1, text


def test_innocent_sentences_pass():
    text = """창이 폭을 넘으면 안 됩니다. 입력에 폭이 있습니다. 물건 수용 장소입니다. 정보 폭이 넓습니다.
    가중치 공유는 공간의 계층 구조입니다. 활성화 함수의 특성을 봅니다. 카피처럼 똑같습니다. 표준화와 정규화.
    피처럼 붉은 점, 특징을 나타낸 맵시, 데이터 형태와 자료 형태, 합성 곱하기, 모 양쪽, 실제로 패딩을 합니다."""
    assert not wrong_words([("here", text)])
    assert not wrong_spacing([("here", text)], ["합성곱", "특징 맵", "자료형", "이미지", "모양"])


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("특징맵을 그립니다", "특징 맵"),
        ("특 징 맵입니다", "특징 맵"),
        ("완전 연결 층을 씁니다", "완전 연결층"),
        ("완전연결층이", "완전 연결층"),
        ("교차 상관은", "교차상관"),
        ("**합성** 곱", "합성곱"),
    ],
)
def test_wrong_spacing_is_found(sentence, word):
    assert len(wrong_spacing([("here", sentence)], [word])) == 1


def test_our_words_with_line_breaks_and_particles_pass():
    text = "특징\n맵에서 최대  풀링을 지나 **완전 연결층**으로"
    assert not wrong_spacing([("here", text)], ["특징 맵", "최대 풀링", "완전 연결층"])
    assert not wrong_words([("here", word) for word in FORBIDDEN])


# --- the glossary -------------------------------------------------------------------------------


def contradictions(pairs):
    """List Korean words with two English ones, and the other way round."""
    found = []
    for pairs_of in ({(ko, en) for ko, en in pairs}, {(en, ko) for ko, en in pairs}):
        meanings = collections.defaultdict(set)
        for word, other in pairs_of:
            meanings[word.casefold().replace(" ", "")].add(other.casefold())
        found += [(word, sorted(others)) for word, others in meanings.items() if len(others) > 1]
    return sorted(found)


def test_every_term_of_the_chapters_is_in_the_glossary():
    known = {(korean, english) for korean, english, _, _ in glossary()}
    missing = [
        (path.name, *pair) for path in CHAPTERS for pair in chapter_terms(path) if pair not in known
    ]
    assert not missing
    assert ("합성곱", "convolution") in known


def test_one_korean_word_for_one_english_word():
    pairs = [(korean, english) for korean, english, _, _ in glossary()]
    assert len({korean for korean, _ in pairs}) == len(pairs)
    assert not contradictions(itertools.chain(pairs, *map(chapter_terms, CHAPTERS)))


def test_two_words_for_one_are_found():
    pairs = [("패딩", "padding"), ("특징 맵", "feature map")]
    assert not contradictions(pairs + pairs)
    assert contradictions([*pairs, ("덧대기", "padding")]) == [("padding", ["덧대기", "패딩"])]
    assert contradictions([*pairs, ("특징맵", "Feature Map 2")])[0][0] == "특징맵"


def test_the_glossary_is_in_order():
    words = [row[0].replace(" ", "") for row in glossary()]
    assert words == sorted(words)  # the code points of Hangul are in the order 가나다


def test_the_glossary_names_the_chapter_that_explains_a_word_first():
    explained = {}
    for path in CHAPTERS:
        for korean, _ in chapter_terms(path):
            explained.setdefault(korean, path)
    for korean, _, meaning, link in glossary():
        number, name = re.fullmatch(r"\[(\d+)장\]\((.+\.ipynb)\)", link).groups()
        path = GLOSSARY.parent / name
        assert path.exists() and path == explained.get(korean, path), (korean, link)
        assert int(number) == int(name[:2]) and meaning.endswith("니다.")
        assert korean in plain("\n".join(cell.source for cell in cells(path, "markdown"))), korean


def test_the_glossary_s_list_of_other_words_is_this_test_s():
    rows = table(GLOSSARY.read_text(encoding="utf-8"), *VARIANTS_HEADER)
    assert rows
    for others, word in rows:
        for other in others.split(", "):
            assert (other.replace(" ", ""), word) in VARIANTS, (other, word)
    # Only this table is left out, and only in the glossary.
    text = "| 쓰지 않는 말 | 이 책의 말 |\n|---|---|\n| 보폭 | 스트라이드 |\n\n보폭\n"
    assert without_variants_table(text).split() == ["보폭"]
    assert len(wrong_words([("elsewhere", text)])) == 2
