"""Layers that scale channels: by learned factors, by what all of the map says."""

from convcli.engine.blas import product
from convcli.nets.architecture.layer import Layer
from convcli.nets.layers import pooling
from convcli.nets.layers.activations import HardSigmoid, Relu, Sigmoid, Silu
from convcli.nets.layers.base import Array, Operation, Shape

__all__ = ["LayerScale", "SqueezeExcitation"]


class LayerScale(Operation):
    """A learned factor each channel, near 0 at first. Touvron et al., arXiv:2103.17239."""

    fresh = True

    def weight_shapes(self) -> dict[str, Shape]:
        # torchvision's tensor has the layer's name, and no part of its own
        return {"": (self.size[0], *(1 for _ in self.size[1:]))}

    def start(self) -> dict[str, float]:
        return {"": self.layer.init}

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x if self.training else None
        found: Array = x * self.weights[""]
        return found

    def learn(self, gradient: Array) -> None:
        sums = (gradient * self.saved).sum(axis=(0, *range(2, gradient.ndim)))
        self.gradients[""] = sums.reshape(self.weights[""].shape)

    def backward(self, gradient: Array) -> Array:
        self.learn(gradient)
        found: Array = gradient * self.weights[""]
        return found


class SqueezeExcitation(Operation):
    """Each channel times a factor that two 1×1 convolutions make of the means. Hu et al., arXiv:1709.01507."""

    fresh = True

    def __init__(self, layer: Layer, size: Shape) -> None:
        super().__init__(layer, size)
        self.act: Operation = Silu(layer, size) if layer.silu else Relu(layer, size)
        self.gate: Operation = HardSigmoid(layer, size) if layer.hard else Sigmoid(layer, size)

    def weight_shapes(self) -> dict[str, Shape]:
        channels, units = self.size[0], self.layer.out or 1
        return {
            "fc1.weight": (units, channels, 1, 1),
            "fc1.bias": (units,),
            "fc2.weight": (channels, units, 1, 1),
            "fc2.bias": (channels,),
        }

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.act.training = self.gate.training = self.training
        means = pooling.parts_mean(x, (1, 1))[:, :, 0, 0]
        units = self.act.forward(self._through("fc1", means))
        factors = self.gate.forward(self._through("fc2", units))[:, :, None, None]
        self.saved = (x, means, units, factors) if self.training else None
        found: Array = x * factors
        return found

    def _matrix(self, name: str) -> Array:
        return self.weights[f"{name}.weight"][:, :, 0, 0]

    def _through(self, name: str, x: Array) -> Array:
        return product(x, self._matrix(name).T) + self.weights[f"{name}.bias"]

    def backward(self, gradient: Array) -> Array:
        x, means, units, factors = self.saved
        coming = self.gate.backward((gradient * x).sum(axis=(2, 3)))
        for name, given in (("fc2", units), ("fc1", means)):
            self.gradients[f"{name}.bias"] = coming.sum(axis=0)
            self.gradients[f"{name}.weight"] = product(coming.T, given)[:, :, None, None]
            coming = product(coming, self._matrix(name))
            coming = self.act.backward(coming) if name == "fc2" else coming
        found: Array = gradient * factors
        found += (coming / x.dtype.type(x.shape[2] * x.shape[3]))[:, :, None, None]
        return found

    def learn(self, gradient: Array) -> None:
        self.backward(gradient)
