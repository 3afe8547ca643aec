//! The form of one kept executable: a header that says what it is, its native code, and a checksum over both.

use sha2::{Digest, Sha256};

use super::Key;

/// What every entry begins with.
const MAGIC: &[u8; 8] = b"PYROXENE";
/// Raised when the form changes, or when what a key covers does: entries of another form are misses.
pub(super) const FORMAT: u64 = 1;
/// Where the parts after [`MAGIC`] begin: the form, the key, the length of the code, the checksum, the code.
const FORM: usize = 8;
const KEY: usize = 16;
const LENGTH: usize = 48;
const CHECKSUM: usize = 56;
const CODE: usize = 88;

/// Native code that was read back whole: its checksum holds, and it was compiled under the key that was asked for.
/// Made here alone, because a plugin believes what it is given.
pub(crate) struct NativeCode {
    file: Vec<u8>,
}

impl NativeCode {
    /// The bytes, as the plugin wrote them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.file[CODE..]
    }
}

/// The file that keeps `code` under `key`.
pub(super) fn encode(key: &Key, code: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(CODE + code.len());
    file.extend(MAGIC);
    file.extend(FORMAT.to_le_bytes());
    file.extend(key);
    file.extend((code.len() as u64).to_le_bytes());
    let checksum = checksum(&file, code);
    file.extend(checksum);
    file.extend(code);
    file
}

/// The code in a file, unless the file is cut short, damaged, of another form or kept under another key.
pub(super) fn decode(key: &Key, file: Vec<u8>) -> Option<NativeCode> {
    let length = file.len().checked_sub(CODE)? as u64;
    let sound = file[..FORM] == *MAGIC
        && file[FORM..KEY] == FORMAT.to_le_bytes()
        && file[KEY..LENGTH] == *key
        && file[LENGTH..CHECKSUM] == length.to_le_bytes()
        && file[CHECKSUM..CODE] == checksum(&file[..CHECKSUM], &file[CODE..]);
    sound.then_some(NativeCode { file })
}

fn checksum(head: &[u8], code: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(head).chain_update(code).finalize().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    const CODE_GIVEN: &[u8] = b"\x90\x90\xc3 and so on";

    #[test]
    fn code_comes_back() {
        let file = encode(&[7; 32], CODE_GIVEN);
        assert_eq!(decode(&[7; 32], file).unwrap().bytes(), CODE_GIVEN);
        assert_eq!(decode(&[7; 32], encode(&[7; 32], &[])).unwrap().bytes(), b"");
    }

    #[test]
    fn anything_else_is_a_miss() {
        let file = encode(&[7; 32], CODE_GIVEN);
        assert!(decode(&[8; 32], file.clone()).is_none());
        for length in 0..file.len() {
            assert!(decode(&[7; 32], file[..length].to_vec()).is_none(), "cut to {length}");
        }
        for bit in 0..8 * file.len() {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&[7; 32], flipped).is_none(), "bit {bit}");
        }
        let mut longer = file;
        longer.push(0);
        assert!(decode(&[7; 32], longer).is_none());
    }
}
