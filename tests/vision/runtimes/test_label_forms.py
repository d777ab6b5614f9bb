from __future__ import annotations

import json

import pytest

from vision.runtimes.label_forms import Reading, readings

NUMBERED = "a number and a label per line"


def first(text: str, name: str = "") -> Reading:
    return readings(text, name)[0]


def names(text: str, name: str = "") -> dict[int, str]:
    return dict(first(text, name).names)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat\r\ndog\r\n", ["cat", "dog"]),
        ("\n cat \n\n\t\ndog", ["cat", "dog"]),
        ("\ufeffcat\ndog", ["cat", "dog"]),
        ("person\n???\ncar\n", ["person", "???", "car"]),
        ("cat, dog,bird", ["cat", "dog", "bird"]),
        ("tench, Tinca tinca\ngoldfish, Carassius auratus\n", ["tench, Tinca tinca", "goldfish, Carassius auratus"]),
        ("cat", ["cat"]),
        ("hot dog\n", ["hot dog"]),
        ("7 up", ["7 up"]),
        ("0\n1\n2\n", ["0", "1", "2"]),
        ("3D printer\n2D printer", ["3D printer", "2D printer"]),
        ("1.5 litres\n2.5 litres", ["1.5 litres", "2.5 litres"]),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish", ["tench, Tinca tinca", "goldfish"]),
        ("n02085620-Chihuahua\nn02085782-Japanese_spaniel", ["Chihuahua", "Japanese_spaniel"]),
        ("/m/011k07,Tortoise\n/m/0120dh,Sea turtle", ["Tortoise", "Sea turtle"]),
        ("# label:color_rgb:parts:actions\nbackground:0,0,0::\nhot dog:1,2,3::\n", ["background", "hot dog"]),
        ("- cat\n- hot dog\n", ["cat", "hot dog"]),
        ("* cat\n* hot dog\n", ["cat", "hot dog"]),
        ("# labels of the yard\n\n# 2025\ncat\ndog", ["cat", "dog"]),
        ("// labels\ncat\ndog", ["cat", "dog"]),
        ("2\ncat\ndog", ["cat", "dog"]),
        ("3\ncat\ndog", ["3", "cat", "dog"]),
        ("# labels\n# more", ["# labels", "# more"]),
        ("#1 fan\nC#\n#cat", ["#1 fan", "C#", "#cat"]),
        ("cat,\nhot dog,\nbird", ["cat", "hot dog", "bird"]),
        ("cat;hot dog;bird", ["cat", "hot dog", "bird"]),
        ('"cat", "hot, dog"', ["cat", "hot, dog"]),
        ('CLASSES = [\n    "cat",\n    "dog",\n]\n', ["cat", "dog"]),
        ("const labels = ['cat', 'dog'];", ["cat", "dog"]),
        ("names = ('cat', 'dog')", ["cat", "dog"]),
        ("cat\x85\ndog\u2028x\rbird", ["cat", "dog\u2028x", "bird"]),
        ("2 wheeler\n4 wheeler\nperson", ["2 wheeler", "4 wheeler", "person"]),
        ("'cat',\n'dog'\n", ["cat", "dog"]),
        ("labels\ncat\ndog", ["cat", "dog"]),
        ("Labels:\ncat\ndog", ["cat", "dog"]),
        ("0 0 0 background\n128 0 64 hot dog\n", ["background", "hot dog"]),
        ("cat 255 0 0\nhot dog\t0 255 128\n", ["cat", "hot dog"]),
        ("[unused]\n[cat]", ["[unused]", "[cat]"]),
        ("gate 1\ngate 2\ngate 3", ["gate 1", "gate 2", "gate 3"]),
        ("1.0 beta\n2.0 beta", ["1.0 beta", "2.0 beta"]),
        ("7 up\n5 star\n3 musketeers", ["7 up", "5 star", "3 musketeers"]),
        ("no\non\n1e3\n~", ["no", "on", "1e3", "~"]),
    ],
)
def test_lines_are_labels(text: str, labels: list[str]) -> None:
    assert names(text) == dict(enumerate(labels))


@pytest.mark.parametrize(
    ("text", "labels", "begins_with"),
    [
        ("0  person\n2  car\n19  sheep\n", {0: "person", 2: "car", 19: "sheep"}, 0),
        ("16  cat\n17  dog\n", {16: "cat", 17: "dog"}, 0),
        ("0 printed\n1 not printed", {0: "printed", 1: "not printed"}, 0),
        ("1 person\n2 hot dog", {1: "person", 2: "hot dog"}, 1),
        ("0: cat\n3: dog", {0: "cat", 3: "dog"}, 0),
        ("0:cat\n1:hot: dog", {0: "cat", 1: "hot: dog"}, 0),
        ("0,background\n1,tench, Tinca tinca", {0: "background", 1: "tench, Tinca tinca"}, 0),
        ('5,"tench, Tinca tinca"\n2,cat', {5: "tench, Tinca tinca", 2: "cat"}, 0),
        ("0.0 cat\n1.0 dog", {0: "cat", 1: "dog"}, 0),
        ("cat,0.0\ndog,1.0", {0: "cat", 1: "dog"}, 0),
        ("0\tcat\n1\thot dog", {0: "cat", 1: "hot dog"}, 0),
        ("1. cat\n2. dog", {1: "cat", 2: "dog"}, 1),
        ("[0] cat\n[1] dog", {0: "cat", 1: "dog"}, 0),
        ("2: car\n7: car\n", {2: "car", 7: "car"}, 0),
        ("# id label\n0 cat\n1 dog", {0: "cat", 1: "dog"}, 0),
        ("id name\n0 cat\n1 dog", {0: "cat", 1: "dog"}, 0),
        ("cat,0\ndog,1", {0: "cat", 1: "dog"}, 0),
        ("/a/airfield 0\n/a/alley 1", {0: "/a/airfield", 1: "/a/alley"}, 0),
        ("dog: 2\ncat: 1", {1: "cat", 2: "dog"}, 1),
        ("2 bird\n0 cat\n1 dog", {0: "cat", 1: "dog", 2: "bird"}, 0),
        ("bird 3\ncat 1\ndog 2", {1: "cat", 2: "dog", 3: "bird"}, 1),
        ("0 -> cat\n1 => dog", {0: "cat", 1: "dog"}, 0),
        ("#0 cat\n#1 dog", {0: "cat", 1: "dog"}, 0),
        ("(0) cat\n(1) dog", {0: "cat", 1: "dog"}, 0),
        ("1 001.Black_footed_Albatross\n2 002.Laysan", {1: "001.Black_footed_Albatross", 2: "002.Laysan"}, 1),
    ],
)
def test_numbers_before_or_after_labels_are_class_numbers(text: str, labels: dict[int, str], begins_with: int) -> None:
    assert (names(text), first(text).first, first(text).doubt) == (labels, begins_with, "")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("id,name\n0,cat\n1,dog\n", {0: "cat", 1: "dog"}),
        ("Id;Class Name\n3;cat\n1;dog\n", {3: "cat", 1: "dog"}),
        ("index,mid,display_name\n0,/m/09x0r,Speech\n1,/m/05zppz,\"Male speech, man speaking\"\n",
         {0: "Speech", 1: "Male speech, man speaking"}),
        ("id,name\n0,tench, Tinca tinca\n", {0: "tench, Tinca tinca"}),
        ("name,supercategory\ncat,animal\ncar,vehicle\n", {0: "cat", 1: "car"}),
        ("label\tid\ncat\t1\ndog\t2\n", {1: "cat", 2: "dog"}),
        (",class\n0,cat\n1,dog\n", {0: "cat", 1: "dog"}),
        ("class,name\n7,truck\n2,car\n", {7: "truck", 2: "car"}),
    ],
)  # fmt: skip
def test_a_table_with_a_heading_names_its_columns(text: str, labels: dict[int, str]) -> None:
    assert names(text) == labels


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (["cat", "dog"], {0: "cat", 1: "dog"}),
        ({"0": "cat", "7": "dog"}, {0: "cat", 7: "dog"}),
        ({"cat": 0, "dog": 1}, {0: "cat", 1: "dog"}),
        ({"0": ["n01440764", "tench"]}, {0: "tench"}),
        (
            {"architectures": ["ViT"], "id2label": {"0": "cat", "1": "dog"}, "label2id": {"cat": 0}},
            {0: "cat", 1: "dog"},
        ),
        ({"names": ["cat", "dog"], "author": "Ultralytics"}, {0: "cat", 1: "dog"}),
        ({"labels": ["cat", "dog"], "modelName": "tm-my-image-model"}, {0: "cat", 1: "dog"}),
        ({"classes": {"Label": ["cat", "dog"]}}, {0: "cat", 1: "dog"}),
        ({"categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}]}, {1: "person", 3: "car"}),
        ([{"name": "/m/01g317", "id": 1, "displayName": "person"}], {1: "person"}),
        ({"num_classes": 2, "label_names": ["cat", "dog"]}, {0: "cat", 1: "dog"}),
        ({"classes": [{"title": "cat"}, {"title": "dog"}]}, {0: "cat", 1: "dog"}),
        ([{"name": "cat"}, {"name": "dog"}], {0: "cat", 1: "dog"}),
        ([7, 8], {0: "7", 1: "8"}),
    ],
)
def test_json_has_a_list_or_a_mapping(value: object, labels: dict[int, str]) -> None:
    assert names(json.dumps(value)) == labels
    assert names(json.dumps(value), "config.json") == labels


def test_a_python_literal_is_read_too() -> None:
    assert names("{0: 'person', 1: \"driver's car\"}") == {0: "person", 1: "driver's car"}


@pytest.mark.parametrize(
    "text",
    [
        "path: ../data\nnc: 2\nnames: [no, 'hot dog']\n",
        "names:\n  0: no\n  1: hot dog\n",
        'names:\n- no  # a comment\n- "hot dog"\ntrain: images\n',
        "train: x\nnames:\n  - no\n  - hot dog\n",
        "names: {0: no, 1: hot dog}\n",
    ],
)
def test_names_of_a_data_yaml_stay_text(text: str) -> None:
    assert names(text) == names(text, "data.yaml") == {0: "no", 1: "hot dog"}


def test_a_yaml_file_may_be_the_list_itself() -> None:
    assert names("- cat\n- dog\n", "labels.yaml") == names("0: cat\n1: dog\n", "labels.yml") == {0: "cat", 1: "dog"}


PBTXT = """
# made by hand
item {
  name: "/m/0"
  id: 1
  display_name: "person"
}
item: { id: 20, name: 'shee' "p" keypoints { id: 1 label: "nose" } frequency: RARE }
item{id:3;name:"na\\303\\257ve \\"cat\\""} # the last
"""


def test_a_label_map_has_names_by_id() -> None:
    found = first(PBTXT, "label_map.pbtxt")
    assert found.names == {1: "person", 20: "sheep", 3: 'naïve "cat"'}
    assert found.first == 1
    assert first('item { id: 5 name: "a" }').first == 1
    assert first('item { id: 0 name: "background" }').first == 0


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("CLASSES = [cat, dog]", "", "it begins like JSON, but is not JSON: Expecting value at line 1, column 2"),
        ("0 cat\n1 dog\n2 bird\nfish", "", "line 4 has no number, unlike most others: 'fish'"),
        ("0: cat\n0: dog", "", "line 2 has the number 0, which another line has too"),
        ("404: Not Found", "", "it is no list of labels but the error page of a download: 404: Not Found; download it "
         "again"),
        ("id,name\n0,cat\nx,dog", "", "line 3: id must be a number, got 'x'"),
        ("id,name,kind\n0,cat", "", "line 2 has 2 columns, its heading 3: id,name,kind"),
        ("<!DOCTYPE html>\n<html>", "", "it is a web page or XML, not a list of labels; download the file itself"),
        ("version https://git-lfs.github.com/spec/v1\noid", "", "it is a Git LFS pointer; fetch the file itself with "
         "`git lfs pull`"),
        ("cat\0dog", "", "it is not text: it has a zero byte"),
        ('{"0": "cat"', "x.json", "it is not JSON: Expecting ',' delimiter at line 1, column 12"),
        ("{'0': 'cat'", "", "it begins like JSON, but is not JSON: Expecting property name enclosed in double quotes "
         "at line 1, column 2"),
        ('{"0": "cat", "0": "dog"}', "", "'0' is given twice"),
        ('{"0": "cat", "00": "dog"}', "", "a number is given twice in JSON"),
        ('{"a": "b"}', "", "it has no labels: wanted is a list, a mapping from numbers to labels, or one of these "
         "under names, labels, classes or id2label"),
        ('{"0": "cat", "9999": "dog"}', "", "its numbers reach 9999, with only 2 labels"),
        ('{"0": null}', "", "a label must be text, got 'None'"),
        ('[{"id": 1}]', "", "the objects in JSON have no name"),
        ('[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]', "", "two objects in JSON have the same id"),
        ("[" * 100_000, "", "it begins like JSON, but is nested too deep"),
        ("names: &a [x, *a]", "", "line 1: aliases are not read in a list of labels"),
        ("names: {0: a, 0: b}", "", "line 1: '0' is given twice"),
        ("names: " + "[" * 30, "", "line 1: it is nested too deep"),
        ("names: {[a]: b}", "", "line 1: a key must be text"),
        ("nc: 3\nnames: [a, b]", "", "nc is 3, but names has 2 labels"),
        ("names: [a", "", "it is not YAML: did not find expected ',' or ']' at line 2, column 1"),
        ("nc: 3", "data.yaml", "it has no labels: wanted is a list, a mapping from numbers to labels, or one of these "
         "under names, labels, classes or id2label"),
        ("names: [" + "x, " * 400_000 + "]", "", "it has 1200009 characters of YAML; at most 1048576 are read"),
        ('item { name: "a" }', "", "line 1: the item 'a' has no id"),
        ("item { id: 1 }", "", "line 1: the item with id 1 has no name"),
        ('item { id: 1 name: "a" }\nitem { id: 1 name: "b" }', "", "line 2: the items 'a' and 'b' both have the id 1"),
        ('item { id: 1 name: "a"', "", "the item of line 1 is not closed; the file is cut short"),
        ('item { id: 1 name: "a" } }', "", "line 1: a bracket is closed that was not opened"),
        ('item { id: 1 } other { id: 2 name: "b" }', "", "line 1: the item with id 1 has no name"),
        ("item { id: 1 name: 'a'\n id: 2 name: 'b' }", "", "line 2: the item of line 1 has a second id; a bracket is "
         "missing"),
        ("item { id: 1 name: 'a'\n item { id: 2 name: 'b' } }", "", "line 2: an item begins inside the item of line 1; "
         "a bracket is missing"),
        ("Not Found", "", "it is no list of labels but the error page of a download: Not Found; download it again"),
        ("data/a.jpg\ndata/b.jpg", "", "it names pictures, not classes; those are in another file"),
        ("filename, cat\na b.PNG,0\nc.PNG,1", "a.csv", "it names pictures, not classes; those are in another file"),
        ("a.jpg 0\nb.jpg 1", "", "it names pictures, not classes; those are in another file"),
        ("classes= 2\nnames = a", "", "it has settings, such as 'classes= 2', not classes; those are in another file"),
        ("[net]\nbatch=64", "", "it has settings, such as '[net]', not classes; those are in another file"),
        ("0 0.71 0.65 0.16 0.24\n1 0.5 0.5 0.1 .2", "", "it has the boxes of a picture, not labels; the names of the "
         "classes are in another file"),
        ("-1: unlabeled\n0: a\n1: b\n2: c", "", "line 1 has no number, unlike most others: '-1: unlabeled'"),
        ("item " + "{ a " * 99, "", "line 1: it is nested too deep"),
        ('item { id: 1 name: "a', "", "line 1: unexpected '\"a'"),
        ("cat\n" + "x" * 1001, "", "line 2 has 1001 characters; labels have at most 500"),
        ("x" * 501, "", "label 0 has 501 characters; labels have at most 500"),
        ("???\n???", "", "it has no labels"),
        ("a\n" * 1_000_001, "", "it is too long for a list of labels; at most 100000 are read"),
        ("a\n" * 100_001, "", "it has 100001 labels; at most 100000 are read"),
        ("[" + "1," * 100_000 + "1]", "", "it has 100001 labels in JSON; at most 100000 are read"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_a_reason(text: str, name: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        readings(text, name)
    assert str(caught.value) == sentence


def test_hostile_texts_end_soon() -> None:
    for text in (
        "a" + " " * 900 + "\n" + "b",
        "0" + " " * 400_000,
        "item {" + "#" + " " * 400_000 + "\x01",
        '"' + "\\" * 400_001,
        "item { name: '" + "\\a" * 200_000,
        "names: " + "&a " * 100_000,
        "id,name\n" + '0,"' * 300,
        "x," * 400_000,
    ):
        try:
            readings(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("text", "classes", "labels", "reason"),
    [
        ("a\nb", 2, ("a", "b"), ""),
        ("background\na\nb", 3, ("background", "a", "b"), ""),
        ("???\na\nb", 2, ("a", "b"),
         "the first label, ???, stands for the background, which the model has no score for"),
        ("1 a\n2 b", 2, ("a", "b"), ""),
        ("1 a\n2 b", 3, ("background", "a", "b"), "the numbers begin with 1, so class 0 is the background"),
        ("0  a\n2  b", 3, ("a", "???", "b"), ""),
        ("0  a\n2  b", 2, ("a", "b"), "there are as many classes as labels (2), so they are in its order"),
        ("16  a\n17  b", 18, ("???",) * 16 + ("a", "b"), ""),
        ("1 euro\n2 euro\n5 euro", 3, ("1 euro", "2 euro", "5 euro"), ""),
        ("1 euro\n2 euros", 2, ("1 euro", "2 euros"), ""),
        ("0 fingers\n1 finger\n2 fingers", 3, ("0 fingers", "1 finger", "2 fingers"), ""),
        ("1 door\n2 doors\n4 doors", 5, ("background", "door", "doors", "???", "doors"),
         "the numbers begin with 1, so class 0 is the background"),
        ("0 background\n1 person", 2, ("background", "person"), ""),
        ("0 crane\n1 dog\n2 crane", 3, ("crane", "dog", "crane"), ""),
        ("3 musketeers\n5 star\n7 up", 3, ("3 musketeers", "5 star", "7 up"), ""),
        ("3 musketeers\n5 star\n7 up", 8, ("???", "???", "???", "musketeers", "???", "star", "???", "up"), ""),
        ("a\n\nb", 2, ("a", "b"), ""),
        ("a\n\nb", 3, ("a", "???", "b"), ""),
        ("\na\nb", 3, ("???", "a", "b"), ""),
        ("cat dog", 1, ("cat dog",), ""),
        ("cat dog", 2, ("cat", "dog"), ""),
        ("labels\na", 1, ("a",), ""),
        ("labels\na", 2, ("labels", "a"), ""),
    ],
)  # fmt: skip
def test_labels_fit_a_number_of_classes(text: str, classes: int, labels: tuple[str, ...], reason: str) -> None:
    found = next(filter(None, (reading.fitted(classes) for reading in readings(text))))
    assert found == (labels, reason)


def test_the_form_says_whether_the_numbers_are_a_part_of_the_labels() -> None:
    assert first("1 euro\n2 euros").form == (
        "one label per line, numbers included, without which they would be the same"
    )
    assert first("1 person\n2 bicycle\n13 stop sign").form == "a number and a label per line, 1 to 13 with 10 unused"


def test_a_thousand_labels_fit_a_thousand_and_one_scores_and_the_reverse() -> None:
    thousand = [f"label {number}x" for number in range(1000)]
    assert first("\n".join(thousand)).fitted(1001) == (
        ("background", *thousand),
        "the first class is the background, which is not listed",
    )
    assert first("\n".join(["background", *thousand])).fitted(1000) is not None
    assert first("\n".join(thousand[:999])).fitted(1000) is None


def test_a_model_with_a_background_takes_labels_with_and_without() -> None:
    for text in ("a\nb", "background\na\nb", "1: a\n2: b"):
        found = first(text).fitted(3, with_background=True)
        assert found is not None and found[0] == ("background", "a", "b"), text
    assert first("a\nb").fitted(3) is None


@pytest.mark.parametrize(
    ("text", "first_class", "labels"),
    [
        ("a\nb", 0, ("a", "b")),
        ("a\nb", 1, ("background", "a", "b")),
        ("a\nb", None, ("a", "b")),
        ("???\na\nb", 0, ("a", "b")),
        ("???\na\nb", 1, ("background", "a", "b")),
        ("???\na\nb", None, ("???", "a", "b")),
        ("0  a\n2  b", 0, ("a", "???", "b")),
        ("0  a\n2  b", 1, ("background", "a", "???", "b")),
        ("1: a\n3: b", 0, ("a", "???", "b")),
        ("1: a\n3: b", 1, ("background", "a", "???", "b")),
        ("1: a\n3: b", None, ("???", "a", "???", "b")),
        ("16  a", 0, ("16  a",)),
        ("16  a\n18  b", 0, ("???",) * 16 + ("a", "???", "b")),
        ('item { id: 2 name: "b" }', 0, ("???", "b")),
        ('item { id: 2 name: "b" }', 1, ("background", "???", "b")),
    ],
)
def test_without_a_number_of_classes_the_first_one_counts(
    text: str, first_class: int | None, labels: tuple[str, ...]
) -> None:
    assert first(text).unbounded(first_class)[0] == labels
