"""A spec is the frozen attrs class of a part's settings; its fields are what YAML may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from fw.parts.given import Run

PartT = TypeVar("PartT", covariant=True)


@runtime_checkable
class Spec(Protocol[PartT]):
    """Settings that can become a part; a class without `build` is the part itself."""

    def build(self, run: Run) -> PartT:
        """Make the part; heavy imports belong here, not at the top of the plugin."""
        ...


def build(spec: Any, run: Run) -> Any:
    """The part a spec stands for."""
    return spec.build(run) if hasattr(spec, "build") else spec
