# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: every round of every case, their minimum and median, and the machine."""

import json
import os
import statistics

from machine import describe

OURS = "tidegate"


def figures(unit, values):
    digits = 5 if unit == "admitted/allowed" else 1
    return f"{min(values):10.{digits}f} {statistics.median(values):10.{digits}f}"


class Results:
    def __init__(self, mode):
        self.mode = mode
        self.rounds = {}  # (case, row, contestant, unit): values

    @classmethod
    def read(cls, path):
        """What write() wrote."""
        with open(path, encoding="utf-8") as file:
            saved = json.load(file)
        results = cls(saved["mode"])
        for item in saved["results"]:
            results.add(item["case"], item["row"], item["contestant"], item["unit"], *item["rounds"])
        return results

    def keep(self, case, path):
        """A case that is not measured now stays as it is in a file, if there is one of the same mode."""
        saved = Results.read(path) if os.path.exists(path) else self
        if saved is not self and saved.mode == self.mode:
            self.rounds.update({key: values for key, values in saved.rounds.items() if key[0].split()[0] == case})

    def add(self, case, row, contestant, unit, *values):
        self.rounds.setdefault((case, row, contestant, unit), []).extend(values)

    def median(self, case, row, contestant):
        for key, values in self.rounds.items():
            if key[:3] == (case, row, contestant):
                return statistics.median(values)
        return None

    def names(self, case, place):
        """The rows (place 1) or contestants (place 2) of a case, in the order in which they came."""
        return list(dict.fromkeys(key[place] for key in self.rounds if key[0] == case))

    def table(self, case, title, floor=None):
        """All contestants by row; what they cost above the floor, and as times what ours does."""
        print(f"\n{case}. {title}")
        for row in self.names(case, 1):
            print(f"  {row:38} {'min':>10} {'median':>10} {'above floor' if floor else '':>12} {'x ours' if floor else '':>8}")
            low = self.median(case, row, floor) if floor else 0
            ours = self.median(case, row, OURS)
            for (its_case, its_row, contestant, unit), values in self.rounds.items():
                if (its_case, its_row) == (case, row):
                    print(f"    {contestant:36} {figures(unit, values)}", end="")
                    above = statistics.median(values) - low
                    print(f" {above:12.1f} {above / (ours - low):8.2f}" if floor and contestant != floor else "")

    def list(self, case, title, floor=None):
        """One line a row; as times what the floor's row is."""
        print(f"\n{case}. {title}\n{'':40} {'min':>10} {'median':>10} {'x floor' if floor else '':>8}")
        for (its_case, row, contestant, unit), values in self.rounds.items():
            if its_case == case:
                times = statistics.median(values) / self.median(case, floor, contestant) if floor else 0
                print(f"  {row:38} {figures(unit, values)} {f'{times:8.2f}' if floor else ''}")

    def grid(self, case, title, columns):
        """Medians, a column for each unit."""
        print(f"\n{case}. {title}")
        for row in self.names(case, 1):
            print(f"  {row:30}" + "".join(f"{column:>13}" for column in columns))
            for contestant in self.names(case, 2):
                cells = (self.rounds.get((case, row, contestant, column)) for column in columns)
                print(f"    {contestant:28}" + "".join(f"{statistics.median(v) if v else float('nan'):13.2f}" for v in cells))

    def write(self, path):
        items = [
            {"case": case, "row": row, "contestant": contestant, "unit": unit, "rounds": values, "min": min(values),
             "median": statistics.median(values)}
            for (case, row, contestant, unit), values in self.rounds.items()
            if values
        ]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mode": self.mode, "machine": describe(), "results": items}, file, indent=1)
            file.write("\n")
