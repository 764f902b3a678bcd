//! The units UCUM defines, each by what it is made of.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A unit with a code of its own.
#[derive(Debug, PartialEq)]
pub struct Atom {
    /// Case-sensitive code.
    pub code: &'static str,
    /// Whether it takes prefixes.
    pub is_metric: bool,
    /// What it is.
    pub value: Value,
}

/// What an atom is.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// A base unit, or one that can only be compared with itself.
    Base,
    /// So many of another unit.
    Of(&'static str, &'static str),
    /// Kelvin from the freezing point of water.
    Celsius,
    /// 5/9 Kelvin from 459.67 below.
    Fahrenheit,
}

use Value::{Base, Celsius, Fahrenheit, Of};

const fn metric(code: &'static str, value: Value) -> Atom {
    Atom { code, is_metric: true, value }
}

const fn plain(code: &'static str, value: Value) -> Atom {
    Atom { code, is_metric: false, value }
}

/// Prefixes and the number each stands for, as base and exponent.
const PREFIXES: &[(&str, (i128, i32))] = &[
    ("Ki", (1024, 1)),
    ("Mi", (1024, 2)),
    ("Gi", (1024, 3)),
    ("Ti", (1024, 4)),
    ("da", (10, 1)),
    ("Y", (10, 24)),
    ("Z", (10, 21)),
    ("E", (10, 18)),
    ("P", (10, 15)),
    ("T", (10, 12)),
    ("G", (10, 9)),
    ("M", (10, 6)),
    ("k", (10, 3)),
    ("h", (10, 2)),
    ("d", (10, -1)),
    ("c", (10, -2)),
    ("m", (10, -3)),
    ("u", (10, -6)),
    ("n", (10, -9)),
    ("p", (10, -12)),
    ("f", (10, -15)),
    ("a", (10, -18)),
    ("z", (10, -21)),
    ("y", (10, -24)),
];

static BY_CODE: LazyLock<HashMap<&str, u16>> =
    LazyLock::new(|| ATOMS.iter().zip(0..).map(|(atom, index)| (atom.code, index)).collect());

/// What a prefix multiplies by, as base and exponent.
pub type Prefix = (i128, i32);

/// The atom a symbol means, with the prefix before it and its place in [`ATOMS`].
pub fn find(symbol: &str) -> Option<(Option<Prefix>, &'static Atom, u16)> {
    let atom = |code: &str| {
        let index = *BY_CODE.get(code)?;
        Some((ATOMS.get(usize::from(index))?, index))
    };
    if let Some((found, index)) = atom(symbol) {
        return Some((None, found, index));
    }
    PREFIXES.iter().find_map(|(prefix, power)| {
        let (found, index) = atom(symbol.strip_prefix(prefix)?)?;
        found.is_metric.then_some((Some(*power), found, index))
    })
}

/// All units.
#[rustfmt::skip]
pub const ATOMS: &[Atom] = &[
    metric("m", Base), metric("s", Base), metric("g", Base), metric("rad", Base), metric("K", Base),
    metric("C", Base), metric("cd", Base), metric("Cel", Celsius), plain("[degF]", Fahrenheit),
    metric("[iU]", Base), metric("Np", Base), metric("B", Base), metric("B[SPL]", Base),
    metric("B[V]", Base), metric("B[mV]", Base), metric("B[uV]", Base), metric("B[10.nV]", Base),
    metric("B[W]", Base), metric("B[kW]", Base), plain("[p'diop]", Base), plain("%[slope]", Base),
    plain("[degRe]", Base), plain("[pH]", Base), plain("bit_s", Base), plain("[m/s2/Hz^0.5]", Base),
    plain("[arb'U]", Base), plain("[USP'U]", Base), plain("[GPL'U]", Base), plain("[MPL'U]", Base),
    plain("[APL'U]", Base), plain("[beth'U]", Base), plain("[anti'Xa'U]", Base), plain("[todd'U]", Base),
    plain("[dye'U]", Base), plain("[smgy'U]", Base), plain("[bdsk'U]", Base), plain("[ka'U]", Base),
    plain("[knk'U]", Base), plain("[mclg'U]", Base), plain("[tb'U]", Base), plain("[CCID_50]", Base),
    plain("[TCID_50]", Base), plain("[EID_50]", Base), plain("[PFU]", Base), plain("[FFU]", Base),
    plain("[CFU]", Base), plain("[IR]", Base), plain("[BAU]", Base), plain("[AU]", Base),
    plain("[Amb'a'1'U]", Base), plain("[PNU]", Base), plain("[Lf]", Base), plain("[D'ag'U]", Base),
    plain("[FEU]", Base), plain("[ELU]", Base), plain("[EU]", Base), plain("[hp'_X]", Base),
    plain("[hp'_C]", Base), plain("[hp'_M]", Base), plain("[hp'_Q]", Base), plain("[hp_X]", Base),
    plain("[hp_C]", Base), plain("[hp_M]", Base), plain("[hp_Q]", Base), plain("[kp_X]", Base),
    plain("[kp_C]", Base), plain("[kp_M]", Base), plain("[kp_Q]", Base),
    metric("mol", Of("6.0221367", "10*23")), metric("sr", Of("1", "rad2")), metric("Hz", Of("1", "s-1")),
    metric("N", Of("1", "kg.m/s2")), metric("Pa", Of("1", "N/m2")), metric("J", Of("1", "N.m")),
    metric("W", Of("1", "J/s")), metric("A", Of("1", "C/s")), metric("V", Of("1", "J/C")),
    metric("F", Of("1", "C/V")), metric("Ohm", Of("1", "V/A")), metric("S", Of("1", "Ohm-1")),
    metric("Wb", Of("1", "V.s")), metric("T", Of("1", "Wb/m2")), metric("H", Of("1", "Wb/A")),
    metric("lm", Of("1", "cd.sr")), metric("lx", Of("1", "lm/m2")), metric("Bq", Of("1", "s-1")),
    metric("Gy", Of("1", "J/kg")), metric("Sv", Of("1", "J/kg")), metric("l", Of("1", "dm3")),
    metric("L", Of("1", "l")), metric("ar", Of("100", "m2")), metric("t", Of("1000", "kg")),
    metric("bar", Of("100000", "Pa")), metric("u", Of("1.6605402", "10*-24.g")),
    metric("eV", Of("1", "[e].V")), metric("pc", Of("3.085678", "10*16.m")), metric("gf", Of("1", "g.[g]")),
    metric("Ky", Of("1", "cm-1")), metric("Gal", Of("1", "cm/s2")), metric("dyn", Of("1", "g.cm/s2")),
    metric("erg", Of("1", "dyn.cm")), metric("P", Of("1", "dyn.s/cm2")), metric("Bi", Of("10", "A")),
    metric("St", Of("1", "cm2/s")), metric("Mx", Of("1", "10*-8.Wb")), metric("G", Of("1", "10*-4.T")),
    metric("Oe", Of("250", "/[pi].A/m")), metric("Gb", Of("1", "Oe.cm")), metric("sb", Of("1", "cd/cm2")),
    metric("Lmb", Of("1", "cd/cm2/[pi]")), metric("ph", Of("1", "10*-4.lx")),
    metric("Ci", Of("3.7", "10*10.Bq")), metric("R", Of("2.58", "10*-4.C/kg")),
    metric("RAD", Of("100", "erg/g")), metric("REM", Of("1", "RAD")), metric("[c]", Of("299792458", "m/s")),
    metric("[h]", Of("6.6260755", "10*-34.J.s")), metric("[k]", Of("1.380658", "10*-23.J/K")),
    metric("[eps_0]", Of("8.854187817", "10*-12.F/m")), metric("[mu_0]", Of("4", "[pi].10*-7.N/A2")),
    metric("[e]", Of("1.60217733", "10*-19.C")), metric("[m_e]", Of("9.1093897", "10*-28.g")),
    metric("[m_p]", Of("1.6726231", "10*-24.g")), metric("[G]", Of("6.67259", "10*-11.m3.kg-1.s-2")),
    metric("[g]", Of("9.80665", "m/s2")), metric("[ly]", Of("1", "[c].a_j")),
    metric("cal_[15]", Of("4.18580", "J")), metric("cal_[20]", Of("4.18190", "J")),
    metric("cal_m", Of("4.19002", "J")), metric("cal_IT", Of("4.1868", "J")),
    metric("cal_th", Of("4.184", "J")), metric("cal", Of("1", "cal_th")), metric("tex", Of("1", "g/km")),
    metric("m[H2O]", Of("9.80665", "kPa")), metric("m[Hg]", Of("133.3220", "kPa")),
    metric("eq", Of("1", "mol")), metric("osm", Of("1", "mol")), metric("g%", Of("1", "g/dl")),
    metric("kat", Of("1", "mol/s")), metric("U", Of("1", "umol/min")), metric("[IU]", Of("1", "[iU]")),
    metric("st", Of("1", "m3")), metric("mho", Of("1", "S")), metric("bit", Of("1", "1")),
    metric("By", Of("8", "bit")), metric("Bd", Of("1", "/s")),
    plain("[pi]", Of("3.1415926535897932384626", "1")), plain("%", Of("1", "10*-2")),
    plain("[ppth]", Of("1", "10*-3")), plain("[ppm]", Of("1", "10*-6")), plain("[ppb]", Of("1", "10*-9")),
    plain("[pptr]", Of("1", "10*-12")), plain("gon", Of("0.9", "deg")),
    plain("deg", Of("2", "[pi].rad/360")), plain("'", Of("1", "deg/60")), plain("''", Of("1", "'/60")),
    plain("min", Of("60", "s")), plain("h", Of("60", "min")), plain("d", Of("24", "h")),
    plain("wk", Of("7", "d")), plain("a_t", Of("365.24219", "d")), plain("a_j", Of("365.25", "d")),
    plain("a_g", Of("365.2425", "d")), plain("a", Of("1", "a_j")), plain("mo_s", Of("29.53059", "d")),
    plain("mo_j", Of("1", "a_j/12")), plain("mo_g", Of("1", "a_g/12")), plain("mo", Of("1", "mo_j")),
    plain("AU", Of("149597.870691", "Mm")), plain("atm", Of("101325", "Pa")),
    plain("[lbf_av]", Of("1", "[lb_av].[g]")), plain("[in_i]", Of("2.54", "cm")),
    plain("[ft_i]", Of("12", "[in_i]")), plain("[yd_i]", Of("3", "[ft_i]")),
    plain("[mi_i]", Of("5280", "[ft_i]")), plain("[fth_i]", Of("6", "[ft_i]")),
    plain("[nmi_i]", Of("1852", "m")), plain("[kn_i]", Of("1", "[nmi_i]/h")),
    plain("[sin_i]", Of("1", "[in_i]2")), plain("[sft_i]", Of("1", "[ft_i]2")),
    plain("[syd_i]", Of("1", "[yd_i]2")), plain("[cin_i]", Of("1", "[in_i]3")),
    plain("[cft_i]", Of("1", "[ft_i]3")), plain("[cyd_i]", Of("1", "[yd_i]3")),
    plain("[bf_i]", Of("144", "[in_i]3")), plain("[cr_i]", Of("128", "[ft_i]3")),
    plain("[mil_i]", Of("0.001", "[in_i]")), plain("[cml_i]", Of("1", "[pi]/4.[mil_i]2")),
    plain("[hd_i]", Of("4", "[in_i]")), plain("[ft_us]", Of("1200", "m/3937")),
    plain("[yd_us]", Of("3", "[ft_us]")), plain("[in_us]", Of("1", "[ft_us]/12")),
    plain("[rd_us]", Of("16.5", "[ft_us]")), plain("[ch_us]", Of("4", "[rd_us]")),
    plain("[lk_us]", Of("1", "[ch_us]/100")), plain("[rch_us]", Of("100", "[ft_us]")),
    plain("[rlk_us]", Of("1", "[rch_us]/100")), plain("[fth_us]", Of("6", "[ft_us]")),
    plain("[fur_us]", Of("40", "[rd_us]")), plain("[mi_us]", Of("8", "[fur_us]")),
    plain("[acr_us]", Of("160", "[rd_us]2")), plain("[srd_us]", Of("1", "[rd_us]2")),
    plain("[smi_us]", Of("1", "[mi_us]2")), plain("[sct]", Of("1", "[mi_us]2")),
    plain("[twp]", Of("36", "[sct]")), plain("[mil_us]", Of("0.001", "[in_us]")),
    plain("[in_br]", Of("2.539998", "cm")), plain("[ft_br]", Of("12", "[in_br]")),
    plain("[rd_br]", Of("16.5", "[ft_br]")), plain("[ch_br]", Of("4", "[rd_br]")),
    plain("[lk_br]", Of("1", "[ch_br]/100")), plain("[fth_br]", Of("6", "[ft_br]")),
    plain("[pc_br]", Of("2.5", "[ft_br]")), plain("[yd_br]", Of("3", "[ft_br]")),
    plain("[mi_br]", Of("5280", "[ft_br]")), plain("[nmi_br]", Of("6080", "[ft_br]")),
    plain("[kn_br]", Of("1", "[nmi_br]/h")), plain("[acr_br]", Of("4840", "[yd_br]2")),
    plain("[gal_us]", Of("231", "[in_i]3")), plain("[bbl_us]", Of("42", "[gal_us]")),
    plain("[qt_us]", Of("1", "[gal_us]/4")), plain("[pt_us]", Of("1", "[qt_us]/2")),
    plain("[gil_us]", Of("1", "[pt_us]/4")), plain("[foz_us]", Of("1", "[gil_us]/4")),
    plain("[fdr_us]", Of("1", "[foz_us]/8")), plain("[min_us]", Of("1", "[fdr_us]/60")),
    plain("[crd_us]", Of("128", "[ft_i]3")), plain("[bu_us]", Of("2150.42", "[in_i]3")),
    plain("[gal_wi]", Of("1", "[bu_us]/8")), plain("[pk_us]", Of("1", "[bu_us]/4")),
    plain("[dqt_us]", Of("1", "[pk_us]/8")), plain("[dpt_us]", Of("1", "[dqt_us]/2")),
    plain("[tbs_us]", Of("1", "[foz_us]/2")), plain("[tsp_us]", Of("1", "[tbs_us]/3")),
    plain("[cup_us]", Of("16", "[tbs_us]")), plain("[foz_m]", Of("30", "mL")),
    plain("[cup_m]", Of("240", "mL")), plain("[tsp_m]", Of("5", "mL")), plain("[tbs_m]", Of("15", "mL")),
    plain("[gal_br]", Of("4.54609", "l")), plain("[pk_br]", Of("2", "[gal_br]")),
    plain("[bu_br]", Of("4", "[pk_br]")), plain("[qt_br]", Of("1", "[gal_br]/4")),
    plain("[pt_br]", Of("1", "[qt_br]/2")), plain("[gil_br]", Of("1", "[pt_br]/4")),
    plain("[foz_br]", Of("1", "[gil_br]/5")), plain("[fdr_br]", Of("1", "[foz_br]/8")),
    plain("[min_br]", Of("1", "[fdr_br]/60")), plain("[gr]", Of("64.79891", "mg")),
    plain("[lb_av]", Of("7000", "[gr]")), plain("[oz_av]", Of("1", "[lb_av]/16")),
    plain("[dr_av]", Of("1", "[oz_av]/16")), plain("[scwt_av]", Of("100", "[lb_av]")),
    plain("[lcwt_av]", Of("112", "[lb_av]")), plain("[ston_av]", Of("20", "[scwt_av]")),
    plain("[lton_av]", Of("20", "[lcwt_av]")), plain("[stone_av]", Of("14", "[lb_av]")),
    plain("[pwt_tr]", Of("24", "[gr]")), plain("[oz_tr]", Of("20", "[pwt_tr]")),
    plain("[lb_tr]", Of("12", "[oz_tr]")), plain("[sc_ap]", Of("20", "[gr]")),
    plain("[dr_ap]", Of("3", "[sc_ap]")), plain("[oz_ap]", Of("8", "[dr_ap]")),
    plain("[lb_ap]", Of("12", "[oz_ap]")), plain("[oz_m]", Of("28", "g")),
    plain("[lne]", Of("1", "[in_i]/12")), plain("[pnt]", Of("1", "[lne]/6")),
    plain("[pca]", Of("12", "[pnt]")), plain("[pnt_pr]", Of("0.013837", "[in_i]")),
    plain("[pca_pr]", Of("12", "[pnt_pr]")), plain("[pied]", Of("32.48", "cm")),
    plain("[pouce]", Of("1", "[pied]/12")), plain("[ligne]", Of("1", "[pouce]/12")),
    plain("[didot]", Of("1", "[ligne]/6")), plain("[cicero]", Of("12", "[didot]")),
    plain("[degR]", Of("5", "K/9")), plain("[Cal]", Of("1", "kcal_th")),
    plain("[Btu_39]", Of("1.05967", "kJ")), plain("[Btu_59]", Of("1.05480", "kJ")),
    plain("[Btu_60]", Of("1.05468", "kJ")), plain("[Btu_m]", Of("1.05587", "kJ")),
    plain("[Btu_IT]", Of("1.05505585262", "kJ")), plain("[Btu_th]", Of("1.054350", "kJ")),
    plain("[Btu]", Of("1", "[Btu_th]")), plain("[HP]", Of("550", "[ft_i].[lbf_av]/s")),
    plain("[den]", Of("1", "g/9/km")), plain("[in_i'H2O]", Of("1", "m[H2O].[in_i]/m")),
    plain("[in_i'Hg]", Of("1", "m[Hg].[in_i]/m")), plain("[PRU]", Of("1", "mm[Hg].s/ml")),
    plain("[wood'U]", Of("1", "mm[Hg].min/L")), plain("[diop]", Of("1", "/m")),
    plain("[mesh_i]", Of("1", "/[in_i]")), plain("[Ch]", Of("1", "mm/3")), plain("[drp]", Of("1", "ml/20")),
    plain("[hnsf'U]", Of("1", "1")), plain("[MET]", Of("3.5", "mL/min/kg")),
    plain("[S]", Of("1", "10*-13.s")), plain("[HPF]", Of("1", "1")), plain("[LPF]", Of("100", "1")),
    plain("Ao", Of("0.1", "nm")), plain("b", Of("100", "fm2")), plain("att", Of("1", "kgf/cm2")),
    plain("[psi]", Of("1", "[lbf_av]/[in_i]2")), plain("circ", Of("2", "[pi].rad")),
    plain("sph", Of("4", "[pi].sr")), plain("[car_m]", Of("0.2", "g")), plain("[car_Au]", Of("1", "/24")),
    plain("[smoot]", Of("67", "[in_i]")),
];
