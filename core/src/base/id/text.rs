//! Identifiers as text.

use alloc::format;
use alloc::string::{String, ToString};

use super::{DECIMAL_BITS, Id, IdError, Space};

impl Space {
    /// Reads an identifier: decimal, or hexadecimal of exactly the space's number of digits (with or without `0x`).
    ///
    /// # Errors
    /// [`IdError::Malformed`] when the text is no number, [`IdError::OutOfRange`] when it is not below `2^bits`.
    pub fn parse(self, text: &str) -> Result<Id, IdError> {
        let text = text.trim();
        let id = if let Some(digits) = text.strip_prefix("0x") {
            parse_hex(digits)?
        } else if self.bits > DECIMAL_BITS && text.len() == self.hex_digits() {
            parse_hex(text)?
        } else {
            parse_decimal(text)?
        };
        if !self.contains(id) {
            return Err(IdError::OutOfRange);
        }
        Ok(id)
    }

    /// Writes an identifier: decimal up to 53 bits, beyond that lower-case hexadecimal of `ceil(bits / 4)` digits.
    pub fn show(self, id: Id) -> String {
        match id.to_u64() {
            Some(small) if self.bits <= DECIMAL_BITS => small.to_string(),
            _ => hex(id)[40 - self.hex_digits()..].to_string(),
        }
    }

    const fn hex_digits(self) -> usize {
        (self.bits as usize).div_ceil(4)
    }
}

pub(super) fn hex(id: Id) -> String {
    format!("{:08x}{:016x}{:016x}", id.0[0], id.0[1], id.0[2])
}

fn parse_hex(digits: &str) -> Result<Id, IdError> {
    if digits.is_empty() {
        return Err(IdError::Malformed);
    }
    if digits.len() > 40 {
        return Err(IdError::OutOfRange);
    }
    let mut bytes = [0_u8; 20];
    for (index, digit) in digits.bytes().rev().enumerate() {
        let value = char::from(digit).to_digit(16).ok_or(IdError::Malformed)?;
        let value = u8::try_from(value).unwrap_or(0);
        bytes[19 - index / 2] |= value << (4 * (index % 2));
    }
    Ok(Id::from_bytes(bytes))
}

fn parse_decimal(text: &str) -> Result<Id, IdError> {
    if text.is_empty() {
        return Err(IdError::Malformed);
    }
    let mut bytes = [0_u8; 20];
    for digit in text.bytes() {
        let digit = char::from(digit).to_digit(10).ok_or(IdError::Malformed)?;
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            *byte = u8::try_from(value & 0xff).unwrap_or(0);
            carry = value >> 8;
        }
        if carry != 0 {
            return Err(IdError::OutOfRange);
        }
    }
    Ok(Id::from_bytes(bytes))
}
