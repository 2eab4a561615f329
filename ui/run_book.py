"""A visitor's runs: the one whose network is at hand, and what stays of the earlier ones on the charts."""

from __future__ import annotations

from dataclasses import dataclass

from engine import checkpoint
from engine.architectures import to_text
from engine.datasets import Splits
from engine.network import Network
from engine.own_digits import OwnDigits
from ui.errand import Errand
from ui.limits import Limits
from ui.training_run import Record, Run
from ui.training_settings import Settings, build_network
from ui.visitors import Belongings, Sessions

MOST_RECORDS = 8
# Of middle brightness, so that each can be told from the others on white and on black, also by the
# colour-blind (after Okabe and Ito).
COLOURS = ("#3b82f6", "#e8772e", "#0fa573", "#c45ab3", "#c79a00", "#20a4c9", "#d64545", "#7c6cf0")


@dataclass(frozen=True)
class New:
    """Train a new network. own: the visitor's digits, for the data that are made of them."""

    settings: Settings
    own: OwnDigits | None = None


@dataclass(frozen=True)
class More:
    """Train the network at hand further: on from a pause, up to `epochs`, or with its first settings."""

    settings: Settings | None = None
    epochs: int = 0


@dataclass(frozen=True, eq=False)
class Upload:
    """Bring a network back."""

    network: Network


class RunBook(Belongings):
    """Belongs to one visitor. Only the newest run keeps its network; the records of the others are small."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.run: Run | None = None
        self.log_loss = False
        self.notes: list[str] = []
        self.errand: Errand[New | More | Upload] = Errand()
        self._made = 0

    def want(self, wanted: New | More | Upload, notes: list[str]) -> None:
        """Note what is to be done next, with what is to be said of it."""
        self.errand.want(wanted)
        self.notes = notes
        if isinstance(wanted, More) and self.run is not None and self.run.record not in self.records:
            self.records = [
                *self.records[-(MOST_RECORDS - 1) :],
                self.run.record,
            ]  # it was taken off the charts, and comes back

    def start(self, settings: Settings, splits: Splits, limits: Limits) -> Run:
        """A new run, put on the charts; raises SettingsError where the network can't be built."""
        network = build_network(settings, limits)
        return self._open(Run(self._record(settings, settings.title), network, splits, settings))

    def bring_back(self, network: Network, splits: Splits | None) -> Run:
        """An uploaded network as a run that has not been trained here."""
        title = f"{network.name or to_text(network)} (uploaded)"
        return self._open(Run(self._record(None, title), network, splits))

    def remove(self, number: int) -> None:
        """Take a run off the charts, unless it is being trained right now."""
        if not (self.errand.busy and self.run is not None and self.run.record.number == number):
            self.records = [record for record in self.records if record.number != number]

    def release(self) -> None:
        self.errand.leave()
        if self.run is not None:
            self.run.left = True
        self.run, self.records = None, []
        super().release()

    def file(self) -> str:
        """The network at hand as an .npz file to be downloaded."""
        assert self.run is not None
        record = self.run.record
        path = self.folder() / f"{file_stem(record)}.npz"
        checkpoint.save(self.run.network, path)
        return str(path)

    def _record(self, settings: Settings | None, title: str) -> Record:
        used = {record.colour for record in self.records[-(MOST_RECORDS - 1) :]}
        colour = next(colour for colour in COLOURS if colour not in used)
        return Record(self._made + 1, settings, title, colour)

    def _open(self, run: Run) -> Run:
        """Only a run that could be made takes a number and a place."""
        self._made += 1
        self.records = [*self.records[-(MOST_RECORDS - 1) :], run.record]
        self.run = run
        return run


def file_stem(record: Record) -> str:
    """A file name from a run's title: letters, digits and dashes."""
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in record.title).split()
    return "-".join(["run", str(record.number), *words])[:60]


sessions = Sessions()
