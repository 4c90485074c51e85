"""What fw-template adds to fw: one strategy."""

import fw

from fw_template.strategy import Template

__fw_api__ = 1  # an fw with another plugin interface says so, instead of breaking


@fw.hookimpl
def fw_strategies() -> dict[str, type]:
    return {"template": Template}
