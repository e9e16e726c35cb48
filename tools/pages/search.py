"""Search that knows Korean. tools/pages/extension.py sets it up."""

import pathlib
import re

from sphinx.search import languages
from sphinx.search.en import SearchEnglish

HERE = pathlib.Path(__file__).resolve().parent


class SearchKorean(SearchEnglish):
    """경계 finds 경계를: the browser adds the beginnings of every Korean word to the index."""

    lang = "ko"
    language_name = "Korean"
    js_splitter_code = """
function splitQuery(query) {
  return query.match(/[가-힣]+|(?:(?![가-힣])[\\p{L}\\p{N}_])+/gu) || [];
}
"""
    js_stemmer_code = SearchEnglish.js_stemmer_code + (HERE / "search_ko.js").read_text("utf-8")

    def split(self, input):
        return re.findall(r"[가-힣]+|(?:(?![가-힣])\w)+", input)


def setup(app):
    languages["ko"] = SearchKorean
