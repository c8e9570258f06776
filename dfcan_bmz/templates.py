"""Texts from the templates of a package: a name that a template asks for and is not given is an error."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(package: str, template: str, **values: Any) -> str:
    """Fill in a file of ``templates/`` of a package; what enters HTML is escaped."""
    environment = Environment(
        loader=PackageLoader(package),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=template.endswith(".html.j2"),
    )
    return environment.get_template(template).render(values)
