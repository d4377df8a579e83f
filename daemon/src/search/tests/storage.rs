//! What reaches the disk, and what happens when the disk is not as it was left.

use std::fs;
use std::path::{Path, PathBuf};

use super::model::*;
use crate::search::SearchIndex;

/// The files of the generation that counts.
fn files(folder: &Path) -> Vec<PathBuf> {
    let current = fs::read_to_string(folder.join("CURRENT")).unwrap();
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.join(current)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_was_flushed_is_there_after_a_restart_and_the_rest_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    {
        let opened = SearchIndex::open(folder.path()).unwrap();
        assert_eq!(opened.rebuild.as_deref(), Some("there was none"));
        opened.index.add(vec![document(1, 1, "kept needle")], 7, true).unwrap();
        assert_eq!(opened.index.flush().unwrap(), 7);
        opened.index.add(vec![document(1, 2, "lost needle")], 9, true).unwrap();
        assert_eq!(search(&opened.index, &words("needle"), &catalog(1)).hits, 2);
        let figures = opened.index.figures();
        assert_eq!((figures.events, figures.fresh_events, figures.sequence, figures.durable_sequence), (2, 1, 9, 7));
    }
    let opened = SearchIndex::open(folder.path()).unwrap();
    assert_eq!((opened.sequence, opened.rebuild), (7, None));
    assert_eq!(search(&opened.index, &words("needle"), &catalog(1)).hits, 1);
}

#[test]
fn bulk_is_not_seen_before_the_commit_and_order_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(folder.path()).unwrap().index;
    index.add(vec![document(1, 1, "first needle")], 1, true).unwrap();
    index.remove_session(1, 2).unwrap();
    index.add(vec![document(1, 1, "second needle")], 3, false).unwrap();
    assert_eq!(search(&index, &words("needle"), &catalog(1)).hits, 0);
    assert_eq!(index.flush().unwrap(), 3);
    let found = search(&index, &words("needle second"), &catalog(1));
    assert_eq!((found.hits, found.matching_all.value), (1, 1));
    assert_eq!(search(&index, &words("first"), &catalog(1)).hits, 0);
}

#[test]
fn removed_sessions_are_gone_at_once_and_can_come_back() {
    for way in WAYS {
        let documents = [document(1, 1, "needle one"), document(2, 1, "needle two"), document(1, 2, "needle three")];
        let (_folder, index) = index(&documents, way);
        index.remove_session(1, 10).unwrap();
        assert_eq!(order(&search(&index, &words("needle"), &catalog(2))), [2], "{way:?}");
        index.add(vec![document(1, 1, "needle again")], 11, true).unwrap();
        assert_eq!(search(&index, &words("needle"), &catalog(2)).hits, 2, "{way:?}");
        assert_eq!(index.flush().unwrap(), 11);
        assert_eq!(search(&index, &words("needle"), &catalog(2)).hits, 2, "{way:?}");
        assert_eq!(search(&index, &words("again"), &catalog(2)).hits, 1, "{way:?}");
        assert_eq!(index.figures().events, 2, "{way:?}");
        index.rest().unwrap();
        assert_eq!(search(&index, &words("needle"), &catalog(2)).hits, 2, "{way:?}");
    }
}

#[test]
fn a_session_is_removed_while_its_events_are_nowhere_but_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(folder.path()).unwrap().index;
    index.add(vec![document(1, 1, "needle")], 1, true).unwrap();
    index.remove_session(1, 2).unwrap();
    index.flush().unwrap();
    drop(index);
    let index = SearchIndex::open(folder.path()).unwrap().index;
    assert_eq!(search(&index, &words("needle"), &catalog(1)).hits, 0);
}

#[test]
fn what_a_crash_left_uncommitted_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    {
        let index = SearchIndex::open(folder.path()).unwrap().index;
        index.add(vec![document(1, 1, "needle")], 5, false).unwrap();
        index.flush().unwrap();
        // Given to the writer, never committed: dropping the index is as sudden as a crash to the files.
        index.add(vec![document(1, 2, "needle")], 6, false).unwrap();
    }
    let current = folder.path().join(fs::read_to_string(folder.path().join("CURRENT")).unwrap());
    fs::write(current.join("0123456789abcdef0123456789abcdef.idx"), b"half a segment").unwrap();
    let opened = SearchIndex::open(folder.path()).unwrap();
    assert_eq!((opened.sequence, opened.rebuild), (5, None));
    assert_eq!(search(&opened.index, &words("needle"), &catalog(1)).hits, 1);
    opened.index.add(vec![document(1, 2, "needle")], 6, true).unwrap();
    assert_eq!(opened.index.flush().unwrap(), 6);
}

#[test]
fn a_damaged_or_missing_file_asks_for_a_rebuild() {
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let index = SearchIndex::open(folder.path()).unwrap().index;
        index.add(vec![document(1, 1, "needle")], 5, false).unwrap();
        index.flush().unwrap();
        folder
    };
    let count = files(make().path()).len();
    let mut reasons = 0;
    for number in 0..count {
        for cut in [true, false] {
            let folder = make();
            let path = files(folder.path())[number].clone();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if cut {
                let half = fs::read(&path).unwrap();
                fs::write(&path, &half[..half.len() / 2]).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            let opened = SearchIndex::open(folder.path()).unwrap();
            let Some(reason) = opened.rebuild else { panic!("{name} was damaged and nobody noticed") };
            assert!(!reason.is_empty());
            assert_eq!((opened.sequence, opened.index.figures().events), (0, 0));
            opened.index.add(vec![document(1, 1, "needle")], 5, true).unwrap();
            assert_eq!(search(&opened.index, &words("needle"), &catalog(1)).hits, 1);
            reasons += 1;
        }
    }
    assert!(reasons >= 12, "a segment has more files than that");
}

#[test]
fn flipped_bits_are_found_by_verifying_and_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    {
        let index = SearchIndex::open(folder.path()).unwrap().index;
        index.add((1..200).map(|event| document(1, event, &format!("needle {event}"))).collect(), 5, false).unwrap();
        index.flush().unwrap();
        assert_eq!(index.verify().unwrap(), Vec::<PathBuf>::new());
    }
    let path = files(folder.path()).into_iter().find(|path| path.extension().is_some_and(|ext| ext == "idx")).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().take(60) {
        *byte ^= 0x5a;
    }
    fs::write(&path, bytes).unwrap();
    let opened = SearchIndex::open(folder.path()).unwrap();
    if opened.rebuild.is_none() {
        assert_eq!(opened.index.verify().unwrap().len(), 1);
        for text in ["needle", "17", "needle 17"] {
            // Whether it finds something or says that it is damaged does not matter here.
            drop(opened.index.search(&words(text), &request(), &catalog(1), &Texts::default()));
        }
    }
}

#[test]
fn an_older_format_asks_for_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    {
        let index = SearchIndex::open(folder.path()).unwrap().index;
        index.add(vec![document(1, 1, "needle")], 5, false).unwrap();
        index.flush().unwrap();
    }
    let meta = files(folder.path()).into_iter().find(|path| path.ends_with("meta.json")).unwrap();
    let text = fs::read_to_string(&meta).unwrap();
    let payload = format!("{} 5", crate::search::schema::FORMAT);
    assert!(text.contains(&payload));
    fs::write(&meta, text.replace(&payload, "0 5")).unwrap();
    let opened = SearchIndex::open(folder.path()).unwrap();
    assert_eq!(opened.rebuild.as_deref(), Some("it has another format than this version"));
}

#[test]
fn a_rebuild_answers_from_the_old_until_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(folder.path()).unwrap().index;
    index.add(vec![document(1, 1, "old needle")], 5, false).unwrap();
    index.flush().unwrap();
    let rebuild = index.begin_rebuild().unwrap();
    rebuild.add(vec![document(1, 1, "new needle"), document(2, 1, "new needle")], 6).unwrap();
    rebuild.remove_session(2, 7);
    assert_eq!(search(&index, &words("old"), &catalog(1)).hits, 1);
    assert_eq!(search(&index, &words("new"), &catalog(1)).hits, 0);
    assert_eq!(index.finish_rebuild(rebuild).unwrap(), 7);
    assert_eq!(search(&index, &words("old"), &catalog(1)).hits, 0);
    assert_eq!(search(&index, &words("new"), &catalog(2)).hits, 1);
    drop(index);
    let folders = fs::read_dir(folder.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(folders, 1, "the old generation is deleted");
    let opened = SearchIndex::open(folder.path()).unwrap();
    assert_eq!((opened.sequence, opened.rebuild), (7, None));
}

#[test]
fn many_fresh_events_reach_the_disk_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(folder.path()).unwrap().index;
    index.add((1..=6000).map(|event| document(1, event, "needle")).collect(), 6000, true).unwrap();
    let figures = index.figures();
    assert_eq!(figures.events, 6000);
    assert!(figures.fresh_events < 6000, "{figures:?}");
    assert_eq!(search(&index, &words("needle"), &catalog(1)).hits, 6000);
}
