"""How a check says no, and the spellings that all of them share."""

import base64
import binascii
import re


class Refused(Exception):
    """The case is not acceptable."""


def need(condition, why="differs"):
    if not condition:
        raise Refused(why)


def canonical_base64(text):
    """The bytes of standard, padded base64 in its only spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(str(error)) from error
    need(base64.b64encode(data).decode() == text, "not canonical")
    return data


def decimal(text, limit):
    need(re.fullmatch("0|[1-9][0-9]*", text, re.ASCII), "not a plain decimal")
    need(int(text) <= limit, "too large")
    return int(text)
