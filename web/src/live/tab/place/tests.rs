use super::*;

fn manifest(layout: Layout) -> Manifest {
    Manifest::of(layout, vec![[0; 32]; layout.count() as usize]).unwrap()
}

#[test]
fn memory_gives_back_the_segments_that_were_written() {
    let layout = Layout::of(65_536 + 3).unwrap();
    let mut place = Place::Memory(Vec::new());
    assert!(!place.write(layout, 1, b"end"), "there is no room yet");
    place.describe(&manifest(layout)).unwrap();
    assert!(place.write(layout, 1, b"end"));
    assert_eq!(place.read(layout, 1).as_deref(), Some(&b"end"[..]));
    assert_eq!(place.read(layout, 0), Some(vec![0; 65_536]));
    assert!(!place.write(layout, 1, b"too long"));
}

#[test]
fn memory_takes_no_file_that_is_too_long_for_it() {
    let mut place = Place::Memory(Vec::new());
    let layout = Layout::of(MAX_IN_MEMORY + 1).unwrap();
    let why = place.describe(&manifest(layout)).unwrap_err();
    assert!(why.contains("64 MiB"), "{why}");
    assert!(matches!(place, Place::Memory(bytes) if bytes.is_empty()));
}
