"""What a validation finds, as a test wants it: the training itself goes its way."""

from collections.abc import Iterable

from dfcan_bmz.training import fit


def validations(monkeypatch, loss: Iterable[float] | None = None, contrast: Iterable[float] | None = None) -> None:
    """Let each validation in turn find this loss, or an output of this contrast and the targets' brightness."""
    losses, contrasts, real = loss and iter(loss), contrast and iter(contrast), fit.validate

    def validate(*arguments):
        found = real(*arguments)
        if losses:
            found = found._replace(scores=found.scores | {"loss": next(losses)})
        return found._replace(contrast=next(contrasts), brightness=1.0) if contrasts else found

    monkeypatch.setattr(fit, "validate", validate)
