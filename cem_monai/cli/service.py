"""The verb that goes on until it is stopped."""

from __future__ import annotations

from pathlib import Path

from cem_monai.cli.translation import translation_options


def node(
    folder: str,
    allow: str,
    stow: str | None = None,
    store: str | None = None,
    bundle: str = "breast_cem_unet512",
    weights: str | None = None,
    host: str = "127.0.0.1",
    port: int = 11112,
    ae_title: str = "CEM_MONAI",
    quiet_seconds: int = 10,
    associations: int = 4,
    recombined_bits: int | None = None,
    display_window: str | None = None,
    num_downs: int | None = None,
    ngf: int | None = None,
    sliding_window: int | None = None,
    compression: str | None = None,
    allow_implants: bool = False,
    any_intensity: bool = False,
    device: str | None = None,
) -> None:
    """Listen for mammograms, translate the low-energy ones, send the virtual images on.

    A DICOM Storage SCP for Digital Mammography X-Ray Images - For Presentation. A study is
    translated when nothing of it arrived for some seconds. What was acknowledged is on disk: a
    crash, a full disk or an archive that is away lose nothing, and the same image is never sent
    under two UIDs. Research only, not a medical device.

    It trusts the titles of its callers, which can be made up: let it listen on loopback, or behind
    a firewall or a TLS proxy. Stop it with SIGTERM or Ctrl+C. One line of log for each event,
    without patient data.

    Args:
        folder: where images wait; one node at a time. Keep it from other users.
        allow: AE titles of those who may send, TITLE or TITLE,TITLE.
        stow: DICOMweb address that the results are sent to, e.g. https://host/dicom-web.
        store: DICOM address that the results are sent to, AE@host:port.
        bundle: name below bundles/, or folder of a bundle.
        weights: file; models/model.pt of the bundle by default.
        host: address to listen at.
        port: TCP port to listen at.
        ae_title: how we call ourselves; callers must call us so.
        quiet_seconds: s without an image until a study counts as complete.
        associations: most callers at a time.
        recombined_bits: of the results, 8 to 16; 12 by default.
        display_window: CENTER,WIDTH that viewers start with.
        num_downs: halvings of the network, if model.json does not tell.
        ngf: filters of its first level, if model.json does not tell.
        sliding_window: pixels, side of a window, where one pass does not fit into memory.
        compression: none, or jpeg_ls (lossless), of the results.
        allow_implants: take breasts with an implant, which are refused by default.
        any_intensity: take images unlike all that the model was trained on.
        device: cpu or cuda:0; a GPU by default if there is one.
    """
    from cem_monai.infer import Node, Translator, make_sender, run_node
    from cem_monai.transport import Listening

    sender = make_sender(stow, store, ae_title=ae_title)
    if sender is None:
        raise ValueError("a node sends its results to an archive: name --stow or --store")
    titles = [title.strip() for title in allow.split(",") if title.strip()]
    listening = Listening(titles, ae_title, host, port, associations)
    options = translation_options(
        recombined_bits=recombined_bits,
        display_window=display_window,
        num_downs=num_downs,
        ngf=ngf,
        sliding_window=sliding_window,
        compression=compression,
        device=device,
        allow_implants=allow_implants,
        any_intensity=any_intensity,
    )
    translate = Translator(bundle, weights, options)
    translate.load()
    run_node(
        lambda log: Node(
            Path(folder), listening, translate, sender, quiet_seconds=quiet_seconds, log=log
        )
    )
