//! ITU-T G.711, bit exact with the reference of G.191 (which maps A-law −1 to 0x55).

/// The two companding laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// µ-law (PCMU). Silence is 0xFF.
    Mu,
    /// A-law (PCMA). Silence is 0xD5.
    A,
}

impl Law {
    /// Encodes as many samples as both slices have.
    pub fn encode(self, pcm: &[i16], out: &mut [u8]) {
        let compress = match self {
            Self::Mu => mu_compress,
            Self::A => a_compress,
        };
        for (code, &sample) in out.iter_mut().zip(pcm) {
            *code = compress(sample);
        }
    }

    /// Decodes as many samples as both slices have.
    pub fn decode(self, payload: &[u8], out: &mut [i16]) {
        let table = match self {
            Self::Mu => &MU_EXPANDED,
            Self::A => &A_EXPANDED,
        };
        for (sample, &code) in out.iter_mut().zip(payload) {
            *sample = table[usize::from(code)];
        }
    }
}

/// µ-law code of a sample.
pub fn mu_compress(sample: i16) -> u8 {
    // G.191 takes the ones' complement of negative samples, works on 14 bits and adds the bias of 33.
    let magnitude = if sample < 0 { !sample } else { sample };
    let biased = ((magnitude >> 2) as u16 + 33).min(0x1FFF);
    let segment = 16 - (biased >> 6).leading_zeros() as u16 + 1;
    let code = ((8 - segment) << 4) | (15 - ((biased >> segment) & 15));
    code as u8 | if sample < 0 { 0 } else { 0x80 }
}

/// A-law code of a sample.
pub fn a_compress(sample: i16) -> u8 {
    let magnitude = (if sample < 0 { !sample } else { sample } >> 4) as u16;
    let code = if magnitude < 16 {
        magnitude
    } else {
        let exponent = 16 - (magnitude >> 4).leading_zeros() as u16;
        (exponent << 4) | ((magnitude >> (exponent - 1)) & 15)
    };
    (code as u8 | if sample < 0 { 0 } else { 0x80 }) ^ 0x55
}

const fn mu_expand(code: u8) -> i16 {
    let mantissa = (!code & 15) as i16;
    let exponent = (!code >> 4) & 7;
    let step = 8_i16 << exponent;
    let magnitude = (0x80_i16 << exponent) + step * mantissa + step / 2 - 132;
    if code < 0x80 { -magnitude } else { magnitude }
}

const fn a_expand(code: u8) -> i16 {
    let even = (code ^ 0x55) & 0x7F;
    let exponent = even >> 4;
    let mut magnitude = (even & 15) as i16;
    if exponent > 0 {
        magnitude += 16;
    }
    magnitude = (magnitude << 4) + 8;
    if exponent > 1 {
        magnitude <<= exponent - 1;
    }
    if code < 0x80 { -magnitude } else { magnitude }
}

static MU_EXPANDED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mu_expand(code as u8);
        code += 1;
    }
    table
};

static A_EXPANDED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = a_expand(code as u8);
        code += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// G.711 table 2: the first value of each µ-law segment, from the loudest, and the step, in 16-bit units.
    const MU_SEGMENTS: [(i16, i16); 8] = [
        (32_124, 1024),
        (15_996, 512),
        (7_932, 256),
        (3_900, 128),
        (1_884, 64),
        (876, 32),
        (372, 16),
        (120, 8),
    ];

    /// G.711 table 1 the same way; the codes are in the order before the even bits are inverted.
    const A_SEGMENTS: [(i16, i16); 8] = [
        (32_256, 1024),
        (16_128, 512),
        (8_064, 256),
        (4_032, 128),
        (2_016, 64),
        (1_008, 32),
        (504, 16),
        (248, 16),
    ];

    fn expand(law: Law, code: u8) -> i16 {
        let mut out = [0];
        law.decode(&[code], &mut out);
        out[0]
    }

    #[test]
    fn all_256_codes_expand_to_the_values_of_the_tables() {
        for (segment, (first, step)) in MU_SEGMENTS.into_iter().enumerate() {
            for level in 0..16_i16 {
                let code = (segment * 16) as u8 + level as u8;
                let value = first - step * level;
                assert_eq!(expand(Law::Mu, code), -value, "code {code:#04x}");
                assert_eq!(expand(Law::Mu, code | 0x80), value, "code {:#04x}", code | 0x80);
            }
        }
        for (segment, (first, step)) in A_SEGMENTS.into_iter().enumerate() {
            for level in 0..16_i16 {
                let code = (0x7F - (segment * 16) as u8 - level as u8) ^ 0x55;
                let value = first - step * level;
                assert_eq!(expand(Law::A, code), -value, "code {code:#04x}");
                assert_eq!(expand(Law::A, code | 0x80), value, "code {:#04x}", code | 0x80);
            }
        }
    }

    #[test]
    fn compress_undoes_expand() {
        for code in 0..=255_u8 {
            assert_eq!(a_compress(expand(Law::A, code)), code);
            // µ-law has a negative zero (0x7F), which is zero after all.
            let expected = if code == 0x7F { 0xFF } else { code };
            assert_eq!(mu_compress(expand(Law::Mu, code)), expected);
        }
    }

    #[test]
    fn reference_codes_at_the_edges() {
        let cases: [(i16, u8, u8); 9] = [
            (0, 0xFF, 0xD5),
            (-1, 0x7F, 0x55),
            (7, 0xFE, 0xD5),
            (16, 0xFD, 0xD4),
            (-16, 0x7D, 0x55),
            (32_767, 0x80, 0xAA),
            (-32_768, 0x00, 0x2A),
            (1000, 0xCE, 0xFA),
            (-1000, 0x4E, 0x7A),
        ];
        for (sample, mu, a) in cases {
            assert_eq!((mu_compress(sample), a_compress(sample)), (mu, a), "sample {sample}");
        }
    }

    #[test]
    fn every_sample_goes_to_the_nearest_code_within_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            for law in [Law::Mu, Law::A] {
                let mut code = [0];
                law.encode(&[sample], &mut code);
                let error = (i32::from(expand(law, code[0])) - i32::from(sample)).abs();
                let allowed = (i32::from(sample).abs() / 32 + 16).max(16)
                    + if sample.unsigned_abs() > 32_124 { 700 } else { 0 };
                assert!(error <= allowed, "{law:?} {sample}: error {error}");
            }
        }
    }
}
