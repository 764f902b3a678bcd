//! The Unified Code for Units of Measure, case sensitive form: whether a text is a unit (UCUM §2.1 to §2.3).
//!
//! The grammar decides what is no unit. A text that has the form but names an atom not listed here is not judged.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Membership;

/// How deeply parentheses may nest.
const MAX_DEPTH: usize = 16;

const PREFIXES: [&str; 24] = [
    "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y",
    "Ki", "Mi", "Gi", "Ti",
];

/// Atoms that take prefixes.
const METRIC: &str = "\
    m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar t bar u eV pc [c] [h] \
    [k] [eps_0] [mu_0] [e] [m_e] [m_p] [G] [g] [ly] gf Ky Gal dyn erg P Bi St Mx G Oe Gb sb Lmb ph Ci R RAD \
    REM mho cal_[15] cal_[20] cal_m cal_IT cal_th cal tex m[H2O] m[Hg] eq osm kat U [iU] [IU] Np B B[SPL] B[V] \
    g% att st B[W] B[kW] B[mV] B[uV] bit bit_s By Bd";

/// Atoms that take none.
const PLAIN: &str = "\
    10* 10^ [pi] % [ppth] [ppm] [ppb] [pptr] gon deg ' '' min h d a_t a_j a_g a wk mo_s mo_j mo_g mo AU atm \
    [lbf_av] [in_i] [ft_i] [yd_i] [mi_i] [fth_i] [nmi_i] [kn_i] [sin_i] [sft_i] [syd_i] [cin_i] [cft_i] \
    [cyd_i] [bf_i] [cr_i] [mil_i] [cml_i] [hd_i] [ft_us] [yd_us] [in_us] [rd_us] [ch_us] [lk_us] [rch_us] \
    [rlk_us] [fth_us] [fur_us] [mi_us] [acr_us] [srd_us] [smi_us] [sct] [twp] [mil_us] [in_br] [ft_br] \
    [rd_br] [ch_br] [lk_br] [fth_br] [pc_br] [yd_br] [mi_br] [nmi_br] [kn_br] [acr_br] [gal_us] [bbl_us] \
    [qt_us] [pt_us] [gil_us] [foz_us] [fdr_us] [min_us] [crd_us] [bu_us] [gal_wi] [pk_us] [dqt_us] [dpt_us] \
    [tbs_us] [tsp_us] [cup_us] [foz_m] [cup_m] [tsp_m] [tbs_m] [gal_br] [pk_br] [bu_br] [qt_br] [pt_br] \
    [gil_br] [foz_br] [fdr_br] [min_br] [gr] [lb_av] [oz_av] [dr_av] [scwt_av] [lcwt_av] [ston_av] [lton_av] \
    [stone_av] [pwt_tr] [oz_tr] [lb_tr] [sc_ap] [dr_ap] [oz_ap] [lb_ap] [oz_m] [lne] [pnt] [pca] [pnt_pr] \
    [pca_pr] [pied] [pouce] [ligne] [didot] [cicero] [degF] [degR] [degRe] [Cal] [Btu_39] [Btu_59] [Btu_60] \
    [Btu_m] [Btu_IT] [Btu_th] [Btu] [HP] [den] [in_i'H2O] [in_i'Hg] [PRU] [wood'U] [diop] [p'diop] [mesh_i] \
    [Ch] [drp] [hnsf'U] [MET] [hp'_X] [hp'_C] [hp'_M] [hp'_Q] [pH] [S] [HPF] [LPF] [arb'U] [USP'U] [GPL'U] \
    [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [CFU] [PFU] [FFU] Ao b sph circ [psi] %[slope] [hp_C] [hp_M] [hp_Q] [hp_X]";

/// Further atoms of laboratory use, without prefixes.
const LABORATORY: &str = "\
    [dye'U] [smgy'U] [bdsk'U] [ka'U] [knk'U] [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [D'ag'U] \
    [Amb'a'1'U] [AU] [BAU] [FEU] [ELU] [EU] [Lf] [PNU] [IR] [m/s2/Hz^0.5] [car_m] [car_Au] [smoot]";

static TAKES_PREFIX: LazyLock<HashSet<&str>> = LazyLock::new(|| METRIC.split_whitespace().collect());
static TAKES_NONE: LazyLock<HashSet<&str>> =
    LazyLock::new(|| PLAIN.split_whitespace().chain(LABORATORY.split_whitespace()).collect());

/// Whether a text is a unit.
pub(super) fn check(code: &str) -> Membership {
    // Spaces may stand in annotations only; the grammar sees to that.
    if code.is_empty() || !code.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Membership::NotMember;
    }
    let mut parser = Parser { rest: code, is_certain: true };
    match parser.main() {
        Some(()) if parser.rest.is_empty() && parser.is_certain => Membership::Member,
        Some(()) if parser.rest.is_empty() => Membership::Unknown,
        _ => Membership::NotMember,
    }
}

struct Parser<'c> {
    rest: &'c str,
    /// Whether every atom met so far is a listed one.
    is_certain: bool,
}

impl Parser<'_> {
    /// `/` term, or term.
    fn main(&mut self) -> Option<()> {
        self.take('/');
        self.term(0)
    }

    /// Components joined by `.` and `/`.
    fn term(&mut self, depth: usize) -> Option<()> {
        self.component(depth)?;
        while self.take('.') || self.take('/') {
            self.component(depth)?;
        }
        Some(())
    }

    /// A term in parentheses, an annotation, a number, or a unit with exponent and annotation.
    fn component(&mut self, depth: usize) -> Option<()> {
        if self.take('(') {
            if depth >= MAX_DEPTH {
                return None;
            }
            self.term(depth + 1)?;
            if !self.take(')') {
                return None;
            }
        } else if !self.rest.starts_with('{') {
            self.simple_unit()?;
        }
        if self.rest.starts_with('{') { self.annotation() } else { Some(()) }
    }

    fn annotation(&mut self) -> Option<()> {
        let end = self.rest.find('}')?;
        let inside = self.rest.get(1..end)?;
        self.rest = self.rest.get(end + 1..)?;
        (!inside.contains('{')).then_some(())
    }

    fn simple_unit(&mut self) -> Option<()> {
        let end = self.symbol_end();
        let text = self.rest.get(..end).filter(|text| !text.is_empty())?;
        self.rest = self.rest.get(end..)?;
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(());
        }
        // `m2`, `10*-3`, `s-1`: the exponent stands at the end.
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let mut symbol = text.get(..text.len() - digits)?;
        if digits > 0 {
            symbol = symbol.strip_suffix(['+', '-']).unwrap_or(symbol);
        }
        let candidates = [text, symbol];
        if candidates.iter().any(|candidate| is_listed(candidate)) {
            return Some(());
        }
        self.is_certain = false;
        let has_form = |b: u8| b.is_ascii_alphanumeric() || b"[]_'*^%\"".contains(&b) || b"+-".contains(&b);
        (!symbol.is_empty()
            && !symbol.starts_with(|c: char| c.is_ascii_digit())
            && symbol.bytes().all(has_form))
        .then_some(())
    }

    /// Where the next symbol ends; what is in brackets belongs to it, whatever it is.
    fn symbol_end(&self) -> usize {
        let mut in_brackets = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                '.' | '/' | '(' | ')' | '{' | '}' if !in_brackets => return at,
                _ => {}
            }
        }
        self.rest.len()
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

fn is_listed(symbol: &str) -> bool {
    let with_prefix =
        |prefix: &&str| symbol.strip_prefix(*prefix).is_some_and(|atom| TAKES_PREFIX.contains(atom));
    TAKES_NONE.contains(symbol) || TAKES_PREFIX.contains(symbol) || PREFIXES.iter().any(with_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (code, expected) in [
            ("mg", Membership::Member),
            ("mm[Hg]", Membership::Member),
            ("kg/m2", Membership::Member),
            ("{score}", Membership::Member),
            ("/min", Membership::Member),
            ("10*3/uL", Membership::Member),
            ("[lb_av]", Membership::Member),
            ("mL/min/{1.73_m2}", Membership::Member),
            ("m.s-2", Membership::Member),
            ("1", Membership::Member),
            ("%", Membership::Member),
            ("(8.h)", Membership::Member),
            ("mg{dose}", Membership::Member),
            ("d", Membership::Member),
            ("[foo_bar]", Membership::Unknown),
            ("minutes", Membership::Unknown),
            ("", Membership::NotMember),
            ("mg/", Membership::NotMember),
            ("beats per minute", Membership::NotMember),
            ("(mg", Membership::NotMember),
            ("{a", Membership::NotMember),
            ("µg", Membership::NotMember),
            ("mg//dL", Membership::NotMember),
        ] {
            assert_eq!(check(code), expected, "{code}");
        }
        assert_eq!(check(&"(".repeat(1000)), Membership::NotMember);
    }
}
