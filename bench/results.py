# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: every round of every case, their minimum and median, and the machine."""

import json
import statistics

from machine import describe


class Results:
    def __init__(self, mode):
        self.mode = mode
        self.rounds = {}  # (case, row, contestant, unit): values

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
        """Medians and minima; what is above the floor, and how many times ours that is."""
        print(f"\n{case}. {title}")
        for row in self.names(case, 1):
            print(f"  {row}")
            low = self.median(case, row, floor) if floor else 0
            for (its_case, its_row, contestant, unit), values in self.rounds.items():
                if (its_case, its_row) != (case, row):
                    continue
                median = statistics.median(values)
                above = f" {median - low:10.1f} above the floor" if floor and contestant != floor else ""
                digits = 5 if "/allowed" in unit else 1
                print(f"    {contestant:36} {min(values):10.{digits}f} {median:10.{digits}f} {unit}{above}")

    def list(self, case, title, floor):
        """One line a row, as times that of the floor's row."""
        print(f"\n{case}. {title}\n{'':44} {'min':>10} {'median':>10} {'ratio':>8}")
        for (its_case, row, contestant, _), values in self.rounds.items():
            if its_case == case:
                median = statistics.median(values)
                ratio = median / self.median(case, floor, contestant)
                print(f"  {row:42} {min(values):10.1f} {median:10.1f} {ratio:8.2f}")

    def write(self, path):
        items = [
            {"case": case, "row": row, "contestant": contestant, "unit": unit, "rounds": values, "min": min(values),
             "median": statistics.median(values)}
            for (case, row, contestant, unit), values in self.rounds.items()
        ]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mode": self.mode, "machine": describe(), "results": items}, file, indent=1)
            file.write("\n")
