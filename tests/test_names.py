import os
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.names import escaped, legible

file_names = st.binary(min_size=1, max_size=20).map(os.fsdecode)


@given(file_names)
def test_any_name_of_a_file_can_be_written(name):
    for text in (legible(name), escaped(name)):
        text.encode("utf-8")
    assert legible(legible(name)) == legible(name)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_names_that_look_equal_are_equal(name):
    forms = {legible(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}
    assert forms == {unicodedata.normalize("NFC", name)}


@given(file_names, file_names)
def test_escaped_names_differ_as_the_names_do(one, other):
    assert (escaped(one) == escaped(other)) == (one == other) or "\\" in one + other


def test_bytes_of_old_archives_are_the_letters_that_they_were():
    assert legible(os.fsdecode(b"Z\xfcrich \x80")) == "Zürich €"
