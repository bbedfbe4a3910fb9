//! What every 32-byte name shares: bytes in, 64 lower-case hexadecimal characters out.

/// Not 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal characters in lower case (32 bytes)")]
pub struct MalformedHex;

/// Reads 64 lower-case hexadecimal characters. Upper case is refused, so that one value has one text.
pub(crate) fn parse(text: &str) -> Result<[u8; 32], MalformedHex> {
    let lower = text
        .bytes()
        .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| MalformedHex)?;
    if lower { Ok(bytes) } else { Err(MalformedHex) }
}

/// Gives a 32-byte newtype its constructor, its text form (hex), serde and a schema.
macro_rules! hex32 {
    ($name:ident) => {
        impl $name {
            /// Takes 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads 64 lower-case hexadecimal characters.
            pub fn from_hex(text: &str) -> Result<Self, $crate::MalformedHex> {
                $crate::hex32::parse(text).map(Self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        $crate::hex32::serde_hex!($name);
    };
}

/// Serde and a schema for a type with `from_hex` and `Display`.
macro_rules! serde_hex {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::from_hex(&text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
            }
        }
    };
}

pub(crate) use {hex32, serde_hex};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_text() {
        let text = "0123456789abcdef".repeat(4);
        assert!(parse(&text).is_ok());
        assert_eq!(parse(&text.to_uppercase()), Err(MalformedHex));
        assert_eq!(parse(&text[..62]), Err(MalformedHex));
        assert_eq!(parse(&format!("{text}00")), Err(MalformedHex));
        assert_eq!(parse(&text.replace('0', "g")), Err(MalformedHex));
        assert_eq!(parse(""), Err(MalformedHex));
    }
}
