"""`python3 -m unittest discover judge`: how a file is followed through what logs show of it."""

import unittest

from truths.files import Sheet, hunks_of


class Files(unittest.TestCase):
    def test_a_new_file_that_is_edited(self):
        sheet = Sheet("")
        sheet.write("a\nb\nc\n")
        sheet.replace("b", "B\nB2")
        self.assertEqual(sheet.net(), (4, 0))

    def test_lines_written_and_taken_away_again_count_for_nothing(self):
        sheet = Sheet()
        sheet.patch(hunks_of("@@ -10,2 +10,3 @@\n ten\n+new\n eleven\n"))
        self.assertEqual(sheet.net(), (1, 0))
        sheet.patch(hunks_of("@@ -10,3 +10,2 @@\n ten\n-new\n eleven\n"))
        self.assertEqual(sheet.net(), (0, 0))

    def test_hunks_far_apart(self):
        sheet = Sheet()
        sheet.patch(hunks_of("@@ -2 +2 @@\n-two\n+2\n@@ -9 +9,2 @@\n-nine\n+9\n+9.5\n"))
        self.assertEqual(sheet.net(), (3, 2))

    def test_what_does_not_fit_is_not_known(self):
        sheet = Sheet("a\nb\n")
        sheet.patch(hunks_of("@@ -1,2 +1 @@\n-a\n-other\n+c\n"))
        self.assertIsNone(sheet.net())
        sheet = Sheet("a\n")
        sheet.replace("not there", "b")
        self.assertIsNone(sheet.net())

    def test_a_file_of_which_nothing_was_shown(self):
        sheet = Sheet()
        sheet.write("all of it\n")
        self.assertIsNone(sheet.net())

    def test_a_hunk_is_found_by_its_text(self):
        sheet = Sheet("a\nb\nc\n")
        sheet.apply([" a", "-b", "+B"])
        self.assertEqual((sheet.text(), sheet.net()), ("a\nB\nc", (1, 1)))


if __name__ == "__main__":
    unittest.main()
