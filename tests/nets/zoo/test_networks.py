"""The networks against what their authors and torchvision publish; every other figure was counted by PyTorch modules."""

import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.counts import summed
from convcli.nets.architecture.steps import program
from convcli.nets.zoo import NETWORKS, network

# parameters, MACs, receptive field; torchvision's parameters are those of its model pages
GOLDEN = {
    "lenet": (44_426, 281_640, 16),
    "lenet-bn": (44_878, 281_640, 16),
    "lenet-avg": (61_706, 416_520, 16),
    "alexnet": (46_764_746, 938_146_176, 195),
    "vgg11": (128_806_154, 7_547_232_256, 150),
    "vgg13": (128_990_666, 11_246_608_384, 156),
    "vgg16": (134_300_362, 15_408_406_528, 212),
    "vgg19": (139_610_058, 19_570_204_672, 268),
    "nin": (1_992_166, 762_297_352, 195),
    "googlenet": (5_977_530, 1_502_982_144, 715),
    "resnet18": (11_178_378, 1_734_890_496, 435),
    "densenet": (758_226, 702_742_448, 519),
    "torchvision/alexnet": (61_100_840, 714_188_480, 195),
    "torchvision/vgg11": (132_863_336, 7_609_090_048, 150),
    "torchvision/vgg11_bn": (132_868_840, 7_609_090_048, 150),
    "torchvision/vgg13": (133_047_848, 11_308_466_176, 156),
    "torchvision/vgg13_bn": (133_053_736, 11_308_466_176, 156),
    "torchvision/vgg16": (138_357_544, 15_470_264_320, 212),
    "torchvision/vgg16_bn": (138_365_992, 15_470_264_320, 212),
    "torchvision/vgg19": (143_667_240, 19_632_062_464, 268),
    "torchvision/vgg19_bn": (143_678_248, 19_632_062_464, 268),
    "torchvision/googlenet": (6_624_904, 1_498_376_192, 379),
    "torchvision/resnet18": (11_689_512, 1_814_073_344, 435),
    "torchvision/resnet34": (21_797_672, 3_663_761_408, 899),
    "torchvision/resnet50": (25_557_032, 4_089_184_256, 427),
    "torchvision/resnet101": (44_549_160, 7_801_405_440, 971),
    "torchvision/resnet152": (60_192_808, 11_513_626_624, 1451),
    "torchvision/densenet121": (7_978_856, 2_834_161_664, 2071),
    "torchvision/densenet161": (28_681_000, 7_727_907_072, 2967),
    "torchvision/densenet169": (14_149_480, 3_359_843_328, 3351),
    "torchvision/densenet201": (20_013_928, 4_291_365_888, 3863),
}
# GFLOPS of torchvision's model pages
PUBLISHED = {
    "alexnet": 0.71,
    "vgg11": 7.61,
    "vgg13": 11.31,
    "vgg16": 15.47,
    "vgg19": 19.63,
    "googlenet": 1.50,
    "resnet18": 1.81,
    "resnet34": 3.66,
    "resnet50": 4.09,
    "resnet101": 7.80,
    "resnet152": 11.51,
    "densenet121": 2.83,
    "densenet161": 7.73,
    "densenet169": 3.36,
    "densenet201": 4.29,
}


def steps_of(name, size=None):
    row = network(name)
    return program(row.build(row.classes), size or row.input)


def test_the_table_is_whole():
    assert list(GOLDEN) == list(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_golden(name):
    steps = steps_of(name)
    sums = summed(steps)
    params, macs, seen = GOLDEN[name]
    assert (sums.params, sums.macs) == (params, macs)
    assert network(name).counted == (sums.params, sums.macs)  # what `net list` shows
    assert [f.size for f in sums.fields] == [seen, seen]
    assert steps[-1].output == (network(name).classes,)
    assert len({s.name for s in steps}) == len(steps)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(name):
    sums = summed(steps_of(f"torchvision/{name}"))
    assert round(sums.macs / 1e9, 2) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "macs"),
    [("googlenet", 276_066_304), ("resnet18", 318_657_536), ("densenet", 129_077_168)],
)
def test_at_the_chapters_96(name, macs):
    sums = summed(steps_of(name, (1, 96, 96)))
    assert (sums.params, sums.macs) == (GOLDEN[name][0], macs)


def test_adaptive_pooling_keeps_the_parameters_at_other_sizes():
    sums = summed(steps_of("torchvision/vgg16", (3, 96, 96)))
    assert (sums.params, sums.macs) == (138_357_544, 2_942_402_560)


def test_names_of_state_dicts():
    names = {s.name for s in steps_of("torchvision/resnet18")}
    assert {"conv1", "bn1", "layer2.0.downsample.1", "layer4.1.conv2", "fc"} <= names
    names = {s.name for s in steps_of("torchvision/densenet121")}
    assert {"features.denseblock3.denselayer24.norm2", "features.transition1.conv"} <= names
    names = {s.name for s in steps_of("torchvision/googlenet")}
    assert {"inception4d.branch3.1.bn", "inception5a.branch4.1.conv", "fc"} <= names


def test_an_unknown_name():
    with pytest.raises(ConvError, match="unknown network 'resnet81', did you mean 'resnet18'"):
        network("resnet81")
