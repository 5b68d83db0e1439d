"""The networks against what their authors and torchvision publish; every other figure was counted by PyTorch modules.

The receptive fields were traced too, row by row through every layer's windows.
"""

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
    "unet": (31_030_658, 150_428_424_448, 204),
    "unet-same": (31_036_546, 54_538_534_912, 220),
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
    "torchvision/resnext50_32x4d": (25_028_904, 4_230_479_872, 427),
    "torchvision/resnext101_32x8d": (88_791_336, 16_414_015_488, 971),
    "torchvision/wide_resnet50_2": (68_883_240, 11_398_021_120, 427),
    "torchvision/wide_resnet101_2": (126_886_696, 22_753_050_624, 971),
    "torchvision/squeezenet1_0": (1_248_424, 818_924_576, 155),
    "torchvision/squeezenet1_1": (1_235_496, 349_151_936, 207),
    "torchvision/inception_v3": (23_834_568, 5_713_216_096, 1311),
    "torchvision/mobilenet_v2": (3_504_872, 300_774_272, 491),
    "torchvision/mobilenet_v3_small": (2_542_856, 56_510_400, 639),
    "torchvision/mobilenet_v3_large": (5_483_032, 216_589_760, 595),
    "torchvision/shufflenet_v2_x1_0": (2_278_604, 144_907_992, 527),
    "torchvision/mnasnet1_0": (4_383_312, 314_415_872, 843),
    "torchvision/efficientnet_b0": (5_288_548, 385_814_752, 851),
    "torchvision/efficientnet_b1": (7_794_184, 686_802_832, 1183),
    "torchvision/efficientnet_b2": (9_109_994, 1_087_529_456, 1183),
    "torchvision/efficientnet_b3": (12_233_232, 1_827_141_392, 1407),
    "torchvision/efficientnet_b4": (19_341_616, 4_393_771_024, 1799),
    "torchvision/efficientnet_b5": (30_389_784, 10_266_384_752, 2131),
    "torchvision/efficientnet_b6": (43_040_704, 19_067_593_536, 2523),
    "torchvision/efficientnet_b7": (66_347_960, 37_745_884_192, 3079),
    "torchvision/regnet_y_400mf": (4_344_144, 401_842_848, 575),
    "torchvision/convnext_tiny": (28_589_128, 4_455_531_264, 1688),
    "torchvision/convnext_small": (50_223_688, 8_683_712_256, 3416),
    "torchvision/convnext_base": (88_591_464, 15_354_729_472, 3416),
    "torchvision/convnext_large": (197_767_336, 34_361_433_600, 3416),
}
# GFLOPS of torchvision's model pages
PUBLISHED = {
    "alexnet": 0.714,
    "vgg11": 7.609,
    "vgg11_bn": 7.609,
    "vgg13": 11.308,
    "vgg13_bn": 11.308,
    "vgg16": 15.47,
    "vgg16_bn": 15.47,
    "vgg19": 19.632,
    "vgg19_bn": 19.632,
    "googlenet": 1.498,
    "resnet18": 1.814,
    "resnet34": 3.664,
    "resnet50": 4.089,
    "resnet101": 7.801,
    "resnet152": 11.514,
    "densenet121": 2.834,
    "densenet161": 7.728,
    "densenet169": 3.36,
    "densenet201": 4.291,
    "resnext50_32x4d": 4.23,
    "resnext101_32x8d": 16.414,
    "wide_resnet50_2": 11.398,
    "wide_resnet101_2": 22.753,
    "squeezenet1_0": 0.819,
    "squeezenet1_1": 0.349,
    "inception_v3": 5.713,
    "mobilenet_v2": 0.301,
    "mobilenet_v3_small": 0.057,
    "mobilenet_v3_large": 0.217,
    "shufflenet_v2_x1_0": 0.145,
    "mnasnet1_0": 0.314,
    "efficientnet_b0": 0.386,
    "efficientnet_b1": 0.687,
    "efficientnet_b2": 1.088,
    "efficientnet_b3": 1.827,
    "efficientnet_b4": 4.394,
    "efficientnet_b5": 10.266,
    "efficientnet_b6": 19.068,
    "efficientnet_b7": 37.746,
    "regnet_y_400mf": 0.402,
    "convnext_tiny": 4.456,
    "convnext_small": 8.684,
    "convnext_base": 15.355,
    "convnext_large": 34.361,
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
    assert steps[-1].output[0] == network(name).classes
    assert len({s.name for s in steps}) == len(steps)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(name):
    sums = summed(steps_of(f"torchvision/{name}"))
    assert sums.macs / 1e9 == pytest.approx(PUBLISHED[name], abs=0.0005001)


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
