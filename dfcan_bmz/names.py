"""Names of files as text that can be compared, printed and written, whatever bytes a file system holds."""

import unicodedata


def legible(name: str) -> str:
    """A name in Unicode's composed form (NFC); bytes that are no UTF-8 are read as Windows' Latin letters.

    Names that look equal are then equal: macOS takes letters and their accents apart, and archives of old keep names in
    the encoding of the machine that packed them. Python keeps each byte that is no UTF-8 as a lone surrogate (PEP 383).
    """
    letters = (
        bytes([ord(letter) - 0xDC00]).decode("cp1252", "replace") if "\udc80" <= letter <= "\udcff" else letter
        for letter in name
    )
    return unicodedata.normalize("NFC", "".join(letters))


def escaped(name: str) -> str:
    """A name of which each byte that is no UTF-8 is spelled out, so that different names stay different."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
