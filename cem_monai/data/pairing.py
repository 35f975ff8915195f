"""Decide which low-energy image belongs to which recombined one, or refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from cem_monai.data.pair import CEMPair, Refused
from cem_monai.dicom import ImageContent, MammogramAttributes, RefusalCode, attribute_label, refuse

Content = tuple[ImageContent, MammogramAttributes]
Link = Callable[[MammogramAttributes, MammogramAttributes], bool]

MAX_SECONDS_APART = 30.0
"""Both exposures of one compression are made within seconds; another compression takes minutes."""


def pair_images(images: Sequence[Content]) -> tuple[list[CEMPair], list[Refused]]:
    """Pair the low-energy and recombined images of any number of patients.

    Images are grouped by study, laterality, view and view modifiers. Within a group the strongest
    link that the images offer decides, and weaker ones only among several candidates: the
    recombined image names the low-energy one as its source; they share a frame of reference; an
    irradiation event, acquisition or acquisition number; an acquisition time within 30 s. A view
    that was taken early and late after injection gives two pairs. Where no image of a group offers
    any link, a single low-energy and a single recombined image are a pair.

    Returns:
        the pairs, and the images that are left: no partner, more than one candidate, or a partner
        with other geometry. High-energy images are neither.
    """
    pairs: list[CEMPair] = []
    refused: list[Refused] = []
    for group in _groups(images).values():
        low = [image for content, image in group if content is ImageContent.LOW_ENERGY]
        recombined = [image for content, image in group if content is ImageContent.RECOMBINED]
        new_pairs, new_refused = _pair_group(low, recombined)
        pairs += new_pairs
        refused += new_refused
    return sorted(pairs, key=lambda pair: pair.order), refused


def _groups(images: Sequence[Content]) -> dict[tuple[str, object], list[Content]]:
    groups: dict[tuple[str, object], list[Content]] = defaultdict(list)
    for content, image in images:
        view = (image.laterality, image.view_position, image.view_modifiers)
        groups[image.study_instance_uid, view].append((content, image))
    return groups


def _pair_group(
    low: list[MammogramAttributes], recombined: list[MammogramAttributes]
) -> tuple[list[CEMPair], list[Refused]]:
    pairs: list[CEMPair] = []
    refused: list[Refused] = []
    candidates = {image.sop_instance_uid: _linked(image, low) for image in recombined}
    claims = [one.sop_instance_uid for found in candidates.values() for one in found]
    for image in recombined:
        found = candidates[image.sop_instance_uid]
        if len(found) != 1:
            code = RefusalCode.AMBIGUOUS if found else RefusalCode.NO_PARTNER
            refused.append(Refused(image.path, _no_partner(image, found, low), code=code))
        elif claims.count(found[0].sop_instance_uid) > 1:
            reason = f"{image.path}: another recombined image claims the same low-energy image "
            reason += found[0].sop_instance_uid
            refused.append(Refused(image.path, reason, code=RefusalCode.AMBIGUOUS))
        elif difference := _difference(found[0], image):
            refused.append(Refused(image.path, difference, code=RefusalCode.MISMATCH))
        else:
            pairs.append(CEMPair(found[0], image))
    paired = {pair.low_energy.sop_instance_uid for pair in pairs}
    for image in low:
        if image.sop_instance_uid not in paired:
            reason = f"{image.path}: this low-energy image is left without a recombined partner"
            reason += f" ({_view(image)})"
            refused.append(Refused(image.path, reason, code=RefusalCode.NO_PARTNER))
    return pairs, refused


def _linked(
    image: MammogramAttributes, low: list[MammogramAttributes]
) -> list[MammogramAttributes]:
    """Return the low-energy images that the links point to, the strongest link first."""
    found = low
    linked = False
    for link in LINKS:
        if closer := [one for one in found if link(one, image)]:
            found, linked = closer, True
        if linked and len(found) == 1:
            break
    return found if linked or _tell_nothing(image, low) else []


def _tell_nothing(image: MammogramAttributes, low: list[MammogramAttributes]) -> bool:
    """Whether neither side offers a link, so that only study and view are left to go by."""
    return not any(_offers_link(one) for one in [image, *low])


def _offers_link(image: MammogramAttributes) -> bool:
    links = (image.frame_of_reference_uid, image.event_uids, image.acquired, image.source_uids)
    return any(links) or image.acquisition_number is not None


def _named_as_source(low: MammogramAttributes, recombined: MammogramAttributes) -> bool:
    shared = low.source_uids & recombined.source_uids  # their common For Processing parent
    return low.sop_instance_uid in recombined.source_uids or bool(shared)


def _same_frame_of_reference(low: MammogramAttributes, recombined: MammogramAttributes) -> bool:
    frame = low.frame_of_reference_uid  # PS3.3 A.27.3: shared while compression is held
    return frame is not None and frame == recombined.frame_of_reference_uid


def _same_event(low: MammogramAttributes, recombined: MammogramAttributes) -> bool:
    return bool(low.event_uids & recombined.event_uids)


def _same_acquisition(low: MammogramAttributes, recombined: MammogramAttributes) -> bool:
    number = low.acquisition_number
    return number is not None and number == recombined.acquisition_number


def _close_in_time(low: MammogramAttributes, recombined: MammogramAttributes) -> bool:
    if low.acquired is None or recombined.acquired is None:
        return False
    return abs(low.acquired - recombined.acquired) <= timedelta(seconds=MAX_SECONDS_APART)


LINKS: tuple[Link, ...] = (
    _named_as_source,
    _same_frame_of_reference,
    _same_event,
    _same_acquisition,
    _close_in_time,
)


def _no_partner(
    image: MammogramAttributes, found: list[MammogramAttributes], low: list[MammogramAttributes]
) -> str:
    if found:
        uids = ", ".join(one.sop_instance_uid for one in found)
        return f"{image.path}: {len(found)} low-energy images are candidates for it: {uids}"
    if low:
        uids = ", ".join(one.sop_instance_uid for one in low)
        return (
            f"{image.path}: no low-energy image of its view shares a source, frame of reference, "
            f"event or time with it; there are: {uids}"
        )
    return f"{image.path}: this recombined image has no low-energy partner ({_view(image)})"


def _difference(low: MammogramAttributes, recombined: MammogramAttributes) -> str | None:
    if low.patient_id != recombined.patient_id:
        # the values are kept out of messages: they may identify a patient
        label = attribute_label("PatientID")
        return f"{recombined.path}: {label} differs from that of its low-energy partner {low.path}"
    for keyword, ours in low.geometry.items():
        theirs = recombined.geometry.get(keyword, ours)
        if ours != theirs:
            wanted = f"but {ours} in its low-energy partner {low.path}"
            return str(refuse(recombined.path, keyword, theirs, wanted))
    return None


def _view(image: MammogramAttributes) -> str:
    return (
        f"{image.laterality.value} {image.view_position.value}, "
        f"SOPInstanceUID {image.sop_instance_uid}"
    )
