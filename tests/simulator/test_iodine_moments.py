"""Mean and variance of the hidden iodine, against thousands of draws of the iodine itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.gland import draw_cone
from cem_monai.simulator.grid import detector_grid
from cem_monai.simulator.iodine_moments import iodine_moments
from cem_monai.simulator.lesion_maps import draw_lesion_maps
from cem_monai.simulator.lesion_projection import Surroundings, project_lesions
from cem_monai.simulator.occult_prior import occult_moments
from cem_monai.simulator.outline import draw_outline
from cem_monai.simulator.pectoral import draw_pectoral
from cem_monai.simulator.phantom import draw_phantom
from cem_monai.simulator.predictability import preset_population
from cem_monai.simulator.random_streams import ViewKey

GRID = detector_grid(128)
UNINFORMATIVE = preset_population("uninformative")
VIEWS = {
    "small breast": ViewKey(7, right=False, oblique=False),
    "oblique": ViewKey(14, right=False, oblique=True),
    "right": ViewKey(19, right=True, oblique=False),
}


def phantom_of(key, population):
    return draw_phantom(key, draw_breast(key, population), population, GRID)


@pytest.mark.parametrize("tissue", ["blood", "muscle", "parenchyma"])
def test_mean_iodine_of_each_tissue_is_that_of_the_draws(tissue):
    population = replace(preset_population("clinical"), occult_lesion=0.0)
    key = VIEWS["oblique"]
    phantom = phantom_of(key, population)
    path = phantom.parenchyma if tissue == "parenchyma" else phantom.tissues[tissue]
    area = (path > 0.5 * np.percentile(path[path > 0.02], 90)) & (phantom.label == 0)
    mean = iodine_moments(key, draw_breast(key, population), population, phantom).mean[area].mean()
    drawn = [
        phantom_of(replace(key, hidden=hidden), population).iodine[area].mean()
        for hidden in range(1, 61)
    ]

    error = np.std(drawn) / np.sqrt(len(drawn))
    assert abs(np.mean(drawn) - mean) < 3 * error
    assert error < 0.15 * mean


def drawn_occult(key, count):
    """Return first and second moment of the iodine of occult lesions alone, (H, W) each."""
    base = phantom_of(key, UNINFORMATIVE)
    first, second = np.zeros((2, *base.grid.shape))
    present = 0
    hidden = 0
    while present < count:
        hidden += 1
        draw = replace(key, hidden=hidden)
        breast = draw_breast(draw, UNINFORMATIVE)
        if not any(lesion.kind.value == "occult" for lesion in breast.lesions):
            continue
        present += 1
        iodine = occult_iodine(draw, breast, base)
        first += iodine
        second += iodine**2
    return first / hidden, second / hidden, base


def occult_iodine(key, breast, phantom):
    outline = draw_outline(key, breast)
    places = Surroundings(key, outline, draw_cone(key, breast), draw_pectoral(key, outline))
    projections = project_lesions(places, breast, UNINFORMATIVE)
    occult = [one for one in projections if one.lesion.kind.value == "occult"]
    return draw_lesion_maps(key, occult, phantom.inner, phantom.grid).iodine.astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_prior_of_occult_lesions_is_that_of_the_draws(name):
    key = VIEWS[name]
    first, second, phantom = drawn_occult(key, 2500)
    breast = draw_breast(key, UNINFORMATIVE)
    mean, variance = occult_moments(key, breast, UNINFORMATIVE, phantom)

    assert mean.sum() == pytest.approx(first.sum(), rel=0.08)
    assert (variance + mean**2).sum() == pytest.approx(second.sum(), rel=0.15)
    # no iodine in air, and at the same places
    assert mean[~phantom.breast].sum() < 0.02 * mean.sum()
    smooth = [ndimage.uniform_filter(one, 5) for one in (mean, first)]
    assert np.corrcoef(smooth[0].ravel(), smooth[1].ravel())[0, 1] > 0.95


def test_no_occult_lesion_has_its_center_in_air():
    key = VIEWS["small breast"]
    for hidden in range(1, 150):
        phantom_key = replace(key, hidden=hidden)
        breast = draw_breast(phantom_key, UNINFORMATIVE)
        if len(breast.lesions) == 0:
            continue
        outline = draw_outline(phantom_key, breast)
        places = Surroundings(phantom_key, outline, draw_cone(phantom_key, breast), None)
        for one in project_lesions(places, breast, UNINFORMATIVE):
            assert outline.distance_to_skin(one.x, one.y) > 0
