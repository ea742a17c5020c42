"""Allowed methods of Faker. Methods that open files, use much memory or depend on the date are excluded."""

from __future__ import annotations

import ast
from typing import Any
from typing import NamedTuple

LONGEST = 200
"""Characters of a call."""
LARGEST_SIZE = 1000
"""For arguments that decide how much is made."""
LARGEST_NUMBER = 10**15

NUMBERS = frozenset({"random_int", "pyint", "pyfloat", "latitude", "longitude"})
"""Methods whose arguments are values, not sizes."""

TEXTS = (
    "name first_name last_name name_male name_female first_name_male first_name_female last_name_male "
    "last_name_female romanized_name first_romanized_name last_romanized_name prefix suffix ssn phone_number "
    "phonenumber_prefix country_calling_code msisdn address street_address street_name building_number "
    "secondary_address city city_name city_suffix district province state state_abbr administrative_unit postcode "
    "zipcode country country_code company company_prefix company_suffix bs catch_phrase job email safe_email "
    "free_email company_email ascii_email ascii_safe_email ascii_free_email user_name domain_name domain_word "
    "hostname tld url uri uri_path slug ipv4 ipv4_private ipv4_public ipv6 mac_address port_number user_agent "
    "http_method credit_card_number credit_card_provider credit_card_security_code iban bban swift swift8 swift11 "
    "aba currency_code currency_name cryptocurrency_code boolean uuid4 md5 sha1 sha256 password pystr word "
    "sentence text paragraph random_digit random_digit_not_null random_number random_letter "
    "random_lowercase_letter random_uppercase_letter bothify numerify lexify hexify color_name hex_color "
    "safe_color_name locale language_name language_code license_plate ean ean8 ean13 isbn10 isbn13 file_name "
    "file_extension mime_type timezone month_name day_of_week"
)
METHODS = NUMBERS | frozenset(TEXTS.split(" "))


class FakerCall(NamedTuple):
    """A method of Faker with its arguments, all of them literals."""

    method: str
    args: list[Any]
    kwargs: dict[str, Any]


def parse_call(text: str) -> FakerCall:
    """Parse ``name`` or ``random_int(1, 9)``. Nothing is evaluated. Raises ValueError, with the reason in English."""
    if len(text) > LONGEST:
        raise ValueError(f"has more than {LONGEST} characters")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("is not of the form method or method(argument, …)") from None
    call = _call_of(node)
    if call.method not in METHODS:
        raise ValueError(f"{call.method} is not a method that may be used")
    most = LARGEST_NUMBER if call.method in NUMBERS else LARGEST_SIZE
    for value in (*call.args, *call.kwargs.values()):
        _check(value, most)
    return call


def _call_of(node: ast.expr) -> FakerCall:
    if isinstance(node, ast.Name):
        return FakerCall(node.id, [], {})
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise ValueError("is not of the form method or method(argument, …)")
    try:
        args = [ast.literal_eval(each) for each in node.args]
        kwargs = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords if each.arg}
    except ValueError:
        raise ValueError("takes only texts, numbers, true and false as arguments") from None
    if len(kwargs) < len(node.keywords):
        raise ValueError("takes no **")
    return FakerCall(node.func.id, args, kwargs)


def _check(value: Any, most: int) -> None:
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError("takes only texts, numbers, true and false as arguments")
    if not isinstance(value, str | None) and not abs(value) <= most:
        raise ValueError(f"takes numbers up to {most}")
