"""What a training is: every key, its default and its range. Unknown keys are errors.

The defaults are those of the thesis's notebook (Figure 6.6), but for `model.output`.
"""

from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

SMALLEST_PATCH = 16  # the loss compares windows of 11 pixels


# later keys, with the values that change nothing: these are not written, so that older versions still read the file
LATER: dict[str, tuple[Any, ...]] = {
    "attention": ("fourier", None),
    "background_cut": (0.0,),
    "adversarial": (0.0,),
    "generator_steps": (3,),
    "discriminator": (32,),
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _as_older_versions_read_it(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value not in LATER.get(key, ())}


# the sizes that each network has, as it was published; except that the published output of DFCAN, a sigmoid, ends in
# black images where most of an image is black
SIZES: dict[str, dict[str, Any]] = {
    "dfcan": {"filters": 64, "groups": 4, "blocks": 4, "output": "linear", "attention": "fourier"},
    "rcan": {"filters": 64, "groups": 10, "blocks": 20, "output": "linear"},
    "edsr": {"filters": 64, "blocks": 16, "output": "linear"},
    "wdsr": {"filters": 32, "blocks": 16},
    "srcnn": {"filters": 64, "output": "linear"},
    "vdsr": {"filters": 64, "blocks": 20},
    "drcn": {"filters": 256, "blocks": 16},
    "bicubic": {},
    "lanczos": {},
}


class ModelConfig(_Section):
    """The network; `filters` channels wide, and as deep as its file in ``models/`` explains.

    What is not given is as published; what a network does not have cannot be given.
    """

    name: Literal["dfcan", "rcan", "edsr", "wdsr", "srcnn", "vdsr", "drcn", "bicubic", "lanczos"] = Field(
        "dfcan", description="the network"
    )
    scale: Literal[2, 3, 4] = Field(2, description="HR pixels per LR pixel along each side")
    inputs: int = Field(
        1, ge=1, description="frames per image, such as 9 raw SIM frames; each is a channel of the input"
    )
    filters: int | None = Field(None, ge=1, description="channels of the network; by default as published")
    groups: int | None = Field(None, ge=1, description="residual groups of dfcan and rcan")
    blocks: int | None = Field(None, ge=1, description="blocks, convolutions or recursions (per group)")
    output: Literal["sigmoid", "linear"] | None = Field(
        None, description="last activation; sigmoid, as published, turns sparse images black"
    )
    attention: Literal["fourier", "mean", "none"] | None = Field(
        None, description="what weights each channel of dfcan: its spectrum, its mean, or nothing"
    )

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, given: Any) -> Any:
        name = given.get("name", "dfcan") if isinstance(given, dict) else None
        published = SIZES.get(name) if isinstance(name, str) else None
        if published is None:
            return given  # which pydantic will refuse
        for key in {"filters", "groups", "blocks", "output", "attention"} - published.keys():
            if given.get(key) is not None:
                raise ValueError(f"{given['name']} has no {key}")
        return given | {key: value for key, value in published.items() if given.get(key) is None}

    def sizes(self) -> dict[str, Any]:
        """What this network has of `filters`, `groups`, `blocks`, `output` and `attention`."""
        return {key: getattr(self, key) for key in SIZES[self.name]}


class DataConfig(_Section):
    """The images and the patches that are cut from them."""

    patch_size: int = Field(128, ge=SMALLEST_PATCH, multiple_of=2, description="side of a patch in LR pixels")
    patches_per_image: int = Field(3, ge=1, description="random patches from each image per epoch")
    sampling: Literal["signal", "uniform"] = Field(
        "signal", description="where patches are drawn: where the target has signal, or uniformly"
    )
    validation: float | list[str] = Field(0.1, description="fraction of the fields of view, or a list of image names")
    augment: list[Literal["hflip", "vflip", "rot90", "rotate"]] = Field(
        ["hflip", "vflip", "rot90"], description="flips and rotations of both images of a pair; rotate: by any angle"
    )
    target: Literal["own", "input"] = Field(
        "own", description="intensity scale of the HR image: its own, or that of the LR image (`degrade` sets it)"
    )
    background_cut: float = Field(
        0.0, ge=0, lt=1, description="fraction of the target's range that becomes 0, to remove unwanted background"
    )
    frames: Literal["raw", "mean"] = Field(
        "raw", description="what the network gets if an image has several frames: all of them, or their mean"
    )
    order: Literal["ZAP", "ZPA", "AZP", "PZA", "APZ", "PAZ"] = Field(
        "ZAP", description="order of planes in a file: images Z, angles A, phases P, the last changing fastest"
    )
    angles: int = Field(
        3, ge=0, description="number of stripe orientations in raw SIM frames; 0: time points or focal planes"
    )
    other_scales: list[str] = Field(
        [], description="folders of pairs (lr/, hr/) at other scales, for vdsr, srcnn and drcn"
    )

    @field_validator("validation", mode="before")
    @classmethod
    def _names_are_quoted(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError(f"write a name in brackets, as in [{given}], or a fraction between 0 and 1")
        if isinstance(given, list):
            for name in given:
                if not isinstance(name, str):
                    raise ValueError(f"YAML reads one of its names as {name!r}, no text: quote it, as in ['001']")
        return given


class TrainConfig(_Section):
    """The optimisation."""

    epochs: int = Field(10, ge=1, description="passes over all images")
    batch_size: int = Field(8, ge=1, description="patches per step")
    learning_rate: float = Field(5e-4, gt=0, le=1, description="of Adam")
    loss: Literal["dfcan", "dfcan-published", "mae", "mse", "charbonnier", "fourier"] = Field(
        "dfcan",
        description="dfcan: MSE + ssim_weight (1 - SSIM); dfcan-published: scaled to the extremes of each batch",
    )
    ssim_weight: float = Field(0.1, ge=0, description="weight of 1 - SSIM in the loss dfcan")
    adversarial: float = Field(
        0.0, ge=0, description="weight of a discriminator in the loss (DFGAN, published with 0.1); 0: none"
    )
    generator_steps: int = Field(3, ge=1, description="steps of the network per step of its discriminator")
    discriminator: int = Field(32, ge=1, description="channels of the discriminator's first layer, as published")
    schedule: Literal["plateau", "onecycle", "cosine"] = Field("plateau", description="how the learning rate changes")
    patience: int = Field(10, ge=1, description="epochs without a lower validation loss before training stops")
    warmup: int = Field(0, ge=0, description="steps over which the learning rate rises from zero")
    clip: float = Field(0.0, ge=0, description="largest global gradient norm; 0: no limit")
    accumulate: int = Field(1, ge=1, description="batches whose gradients are combined into one step")
    ema: float = Field(
        0.0, ge=0, lt=1, description="momentum of the average of the weights that is validated and saved; 0: none"
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="of the computation; saved weights are float32"
    )
    devices: int = Field(1, ge=1, description="GPUs that share each batch (with KERAS_BACKEND=jax)")
    minutes: float = Field(0.0, ge=0, description="minutes after which training ends; 0: no limit")
    tensorboard: bool = Field(False, description="also write a log for TensorBoard")
    init: str = Field(
        "none", description="weights to start from: a run folder, a .keras file, a bundle, or a model's name"
    )
    seed: int = Field(0, ge=0, description="for weights, patches and split")

    @model_validator(mode="after")
    def _batches_can_be_shared(self) -> "TrainConfig":
        if self.batch_size % self.devices:
            raise ValueError(f"batch_size {self.batch_size} cannot be shared by {self.devices} devices")
        if self.adversarial and self.devices > 1:
            raise ValueError("adversarial trains on one device: set train.devices=1")
        return self


class Config(_Section):
    """A whole training."""

    WHERE_LISTED: ClassVar = ", `dfcan-bmz config` lists all"

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _parts_fit(self) -> "Config":
        inputs, data = self.model.inputs, self.data
        stripes = inputs > 1 and data.angles
        if inputs > 1 and data.frames == "mean":
            raise ValueError(f"data.frames=mean is one image, model.inputs={inputs} are several: set model.inputs=1")
        if inputs > 1 and data.other_scales:
            raise ValueError("data.other_scales is for one image in: set model.inputs=1, or leave it out")
        if stripes and inputs % data.angles:
            raise ValueError(
                f"model.inputs={inputs} frames are not {data.angles} angles: set data.angles, which is 0 for frames "
                "without stripes"
            )
        if stripes and "rotate" in data.augment:
            raise ValueError(
                "data.augment: rotate gives the stripes of raw frames orientations that no image has: leave it out, or "
                "set data.angles=0 for frames without stripes"
            )
        if self.train.loss == "dfcan-published" and self.model.output != "sigmoid":
            raise ValueError(
                "train.loss=dfcan-published leaves gain and offset of the output free: set model.output=sigmoid, as "
                "the authors have it"
            )
        if data.background_cut and data.target == "input":
            raise ValueError(
                "data.background_cut takes from the target what data.target=input keeps: set data.target=own"
            )
        return self

    def flat(self) -> dict[str, Any]:
        """All values by key, as ``train.epochs``."""
        return {f"{section}.{key}": value for section, keys in self for key, value in keys}
