//! Starts with nothing to do (P2), and little to do in much (P8).

use std::{io::Write, path::Path, time::Duration};

use crate::{
    home::{append, files, record, start, temporary, wait},
    measure::{cpu_of, cpu_time, median, median_cpu, ms, print, ratio},
};

/// P2: a start on 2,500 files that are as they were, against looking at them.
pub(crate) fn nothing_changed() {
    let (home, data) = (temporary(), temporary());
    for number in 0..2_500 {
        let folder = home.path().join(format!(".claude/projects/-p{}", number / 25));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{number:08x}-0000-4000-8000-000000000000.jsonl"));
        std::fs::write(file, record(number, "nothing new")).expect("a file");
    }
    let engine = start(home.path(), data.path());
    wait(&engine);
    engine.stop();
    drop(engine);
    let look = median_cpu(9, || files(home.path()).len());
    let times = (0..9).map(|_| start_and_stop(home.path(), data.path())).collect();
    let start = median(times);
    print("P2 CPU", ratio(start, look), 3.0, &format!("x names and metadata ({:.1} ms)", ms(start)));
}

/// CPU time until everything was looked at.
fn start_and_stop(home: &Path, data: &Path) -> Duration {
    let before = cpu_time();
    let engine = start(home, data);
    let progress = engine.progress();
    while progress.borrow().rounds == 0 {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    let took = cpu_time().saturating_sub(before);
    engine.stop();
    took
}

/// P8: a line more in a session of 100 MB, against reading it whole.
pub(crate) fn long_session() {
    let (home, data) = (temporary(), temporary());
    let folder = home.path().join(".claude/projects/-p");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("00000000-0000-4000-8000-000000000000.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let filling = "lorem ipsum dolor sit amet ".repeat(150);
    for number in 0..24_000 {
        file.write_all(record(number, &filling).as_bytes()).expect("room on the disk");
    }
    drop(file);
    let (whole, engine) = cpu_of(|| {
        let engine = start(home.path(), data.path());
        wait(&engine);
        engine
    });
    let mut number = 100_000;
    let append = median_cpu(21, || {
        number += 1;
        append(&path, &record(number, "one line more"));
        wait(&engine);
    });
    print("P8 append", ratio(append, whole) * 1e3, 1.0, &format!("thousandths of 100 MB read ({:.2} ms)", ms(append)));
    engine.stop();
}
