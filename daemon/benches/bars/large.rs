//! P11, and P4 on the same: the corpus many times over, as files.

use std::{
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use crate::{
    cold::{self, Reading},
    home::{files, temporary},
    measure::{memory_mb, print, ratio},
    queries,
};

/// Of a hundred words that stand between spaces, so many become others in each copy.
const CHANGED_WORDS: u32 = 10;

pub(crate) fn measure(home: &Path) {
    let Some(times) = std::env::var("OPENSESSION_BENCH_LARGE").ok().and_then(|text| text.parse::<u32>().ok()) else {
        println!("P11              not measured: OPENSESSION_BENCH_LARGE=9 takes the corpus nine times");
        return;
    };
    let data = temporary();
    let medium = cold::read(home, data.path());
    medium.engine.stop();
    let bytes = |home: &Path| -> u64 { files(home).iter().map(|(_, size)| size).sum() };
    let medium_per_byte = medium.cpu.div_f64(bytes(home) as f64 / 1e6);

    let large_home = temporary();
    replicate(home, large_home.path(), times).expect("room for the large corpus in the temporary folder");
    let large_bytes = bytes(large_home.path());
    let data = temporary();
    let Reading { engine, cpu, .. } = cold::read(large_home.path(), data.path());
    println!("large corpus: {:.2} GB; peak {:.0} MB resident", large_bytes as f64 / 1e9, memory_mb("self", "VmHWM"));
    let large_per_byte = cpu.div_f64(large_bytes as f64 / 1e6);
    print("P11 CPU", ratio(large_per_byte, medium_per_byte), 1.2, "x the medium corpus, for a byte");
    queries::measure(&engine, home, &queries::LARGE);
    engine.stop();
}

/// Writes every transcript of `from` so many times below `to`: other ids in each copy, other words here and there.
fn replicate(from: &Path, to: &Path, times: u32) -> std::io::Result<()> {
    let mut line = Vec::new();
    for round in 0..times {
        for (path, _) in files(from) {
            let relative = path.strip_prefix(from).unwrap_or(&path).to_string_lossy();
            // The folder of the project is another in each round; ids in names change like those in the text.
            let relative = relative.replacen("/projects/", &format!("/projects/r{round}"), 1);
            let target = to.join(String::from_utf8_lossy(&changed(relative.as_bytes(), round)).as_ref());
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            let mut reader = BufReader::with_capacity(1 << 20, fs::File::open(&path)?);
            let mut writer = BufWriter::with_capacity(1 << 20, fs::File::create(target)?);
            loop {
                line.clear();
                if reader.read_until(b'\n', &mut line)? == 0 {
                    break;
                }
                writer.write_all(&changed(&line, round))?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}

/// A line with other ids, and some other words. Only what stands between spaces is a word here: in a line of JSON that
/// is inside of a string.
fn changed(line: &[u8], round: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + line.len() / 32);
    let mut at = 0;
    let mut words = 0_u32;
    while at < line.len() {
        if is_id(&line[at..]) {
            out.extend_from_slice(format!("{round:04x}").as_bytes());
            out.extend_from_slice(&line[at + 4..at + ID]);
            at += ID;
            continue;
        }
        out.push(line[at]);
        at += 1;
        if line[at - 1] == b' ' {
            let length = line[at..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            if length > 4 && line.get(at + length) == Some(&b' ') {
                words += 1;
                out.extend_from_slice(&line[at..at + length]);
                at += length;
                if round > 0 && words.is_multiple_of(100 / CHANGED_WORDS) {
                    out.extend_from_slice(&[b'a' + (round % 26) as u8, b'q']);
                }
            }
        }
    }
    out
}

/// Bytes of an id: `8-4-4-4-12`.
const ID: usize = 36;

fn is_id(bytes: &[u8]) -> bool {
    bytes.len() >= ID
        && bytes[8] == b'-'
        && (0..).zip(&bytes[..ID]).all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
