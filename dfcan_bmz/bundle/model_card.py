"""The model card of the BioImage Model Zoo: what a description says under ``config``.

What this package wants to know of a bundle again stands beside it.
"""

from typing import Any

from bioimageio.spec.model import v0_5

from dfcan_bmz.bundle.evaluations import Evaluation
from dfcan_bmz.bundle.recipe import Dataset
from dfcan_bmz.bundle.source import Source
from dfcan_bmz.data.pairs import frames_asked
from dfcan_bmz.loss_words import describe_loss
from dfcan_bmz.models import describe_model
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.run_folder import best_row


def model_card(source: Source, tolerance: float) -> v0_5.Config:
    """Fill in the card from what a bundle is made of; `tolerance` is what engines may differ by, in 0..1."""
    recipe, model, provenance = source.recipe, source.config.model, source.provenance
    hardware = provenance["hardware"]
    devices = f"{', '.join(hardware['devices'])} ({hardware['machine']}, {hardware['cpus']} cores)"
    # only what is known: the zoo counts the keys that are given
    imaged = {"modality": recipe.modality, "target_structure": recipe.target_structure}
    card = v0_5.BioimageioConfig(
        **{key: value for key, value in imaged.items() if value},
        nickname=recipe.nickname,
        architecture_type=model.name.upper(),
        architecture_description=describe_model(model),
        task="super-resolution",
        model_parameter_count=provenance["parameters"],
        out_of_scope_use="Counting or measuring what the low-resolution image does not resolve.",
        reproducibility_tolerance=[v0_5.ReproducibilityTolerance(relative_tolerance=0, absolute_tolerance=tolerance)],
        bias_risks_limitations=_limits(provenance["validation"]["smoothed_bicubic_sigma_px"]),
        evaluations=[
            _evaluation(evaluation, dataset)
            for evaluation in source.evaluations
            if (dataset := recipe.evaluations.get(evaluation.name)) and dataset.source
        ],
        environmental_impact=v0_5.EnvironmentalImpact(hardware_type=devices, hours_used=_hours(source)),
        training=_training(source),
    )
    return v0_5.Config(bioimageio=card, dfcan_bmz=_processing(source))


def _processing(source: Source) -> dict[str, Any]:
    """What `bundle_file.read` reads again, and the figures of the validation."""
    config, provenance = source.config, source.provenance
    frames = frames_asked(config)._replace(number=config.model.inputs)._asdict()
    return {
        "input": source.recipe.input,
        "scale": config.model.scale,
        "target": config.data.target,
        **({"frames": frames} if config.model.inputs > 1 else {}),
        **provenance["validation"],
        "validation_psnr": round(best_row(source.history)["val_psnr"], 3),
        "domain": provenance.get("domain"),
        **({"error_bar": round(source.error_bar, 2)} if source.error_bar else {}),
    }


def _limits(sigma_px: float) -> v0_5.BiasRisksLimitations:
    return v0_5.BiasRisksLimitations(
        known_biases="The model has seen the structures, the optics and the noise of its training data only.",
        risks="Plausible detail that is not in the specimen.",
        limitations="Output intensities are in [0, 1] per image, not in the units of the input.",
        recommendations=(
            "Measure it on your own pairs that it has not seen, against bicubic interpolation after a Gaussian of "
            f"{sigma_px} px."
        ),
    )


def _hours(source: Source) -> float:
    return round(source.training_s / 3600, 4)


def _training(source: Source) -> v0_5.TrainingDetails:
    data, train = source.config.data, source.config.train
    return v0_5.TrainingDetails(
        training_preprocessing=(
            f"Percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} to 0 and 1; random patches of "
            f"{data.patch_size} px; {', '.join(data.augment) or 'no augmentation'}"
        ),
        training_epochs=len(source.history),
        training_batch_size=train.batch_size,
        initial_learning_rate=train.learning_rate,
        learning_rate_schedule=train.schedule,
        loss_function=describe_loss(train),
        optimizer="Adam",
        training_duration=_hours(source),
    )


def _evaluation(evaluation: Evaluation, dataset: Dataset) -> v0_5.Evaluation:
    """The chief protocol's figures, methods as columns."""
    chief = [row for row in evaluation.rows if row.protocol == evaluation.rows[0].protocol]
    return v0_5.Evaluation(
        dataset_id=evaluation.plain_name.lower(),
        dataset_source=dataset.source,
        dataset_role=dataset.role,
        sample_count=evaluation.images,
        evaluation_factors=[row.method[:16] for row in chief],
        evaluation_factors_long=["this model" if row.model else f"{row.method}, without learning" for row in chief],
        metrics=["PSNR", "SSIM"],
        metrics_long=[
            f"{name}, protocol {chief[0].protocol}, mean over fields of view" for name in ("PSNR (dB)", "SSIM")
        ],
        results=[
            [round(row.psnr.mean, 2) for row in chief],
            [round(row.ssim.mean, 3) for row in chief],
        ],
    )
