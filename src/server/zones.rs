//! Time zones by name, such as `Europe/Berlin`, from a database that is compiled in: no file is read.

use crate::moment::Offset;

/// How far ahead a zone's clocks are at a time in seconds since 1970-01-01 00:00 UTC, if zones have names in this
/// build.
pub(super) const ZONES: Option<fn(&str, i64) -> Option<Offset>> = {
    #[cfg(feature = "zones")]
    let zones = Some(offset as fn(&str, i64) -> Option<Offset>);
    #[cfg(not(feature = "zones"))]
    let zones = None;
    zones
};

#[cfg(feature = "zones")]
fn offset(name: &str, unix: i64) -> Option<Offset> {
    use std::sync::LazyLock;

    use jiff::Timestamp;
    use jiff::tz::TimeZoneDatabase;

    static ALL: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    let zone = ALL.get(name).ok()?;
    let at = Timestamp::from_second(unix).ok()?;
    Offset::from_minutes(zone.to_offset(at).seconds() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "zones")]
    #[test]
    fn a_zone_is_as_far_ahead_as_its_summer_or_winter_says() {
        let (summer, winter) = (1_783_684_800, 1_795_276_799);
        for (name, unix, minutes) in [
            ("Europe/Berlin", summer, 120),
            ("europe/berlin", winter, 60),
            ("America/St_Johns", winter, -210),
            ("Asia/Kathmandu", summer, 345),
            ("Pacific/Kiritimati", winter, 840),
        ] {
            assert_eq!(offset(name, unix), Offset::from_minutes(minutes), "{name}");
        }
        for name in [
            "",
            "Berlin",
            "../../etc/passwd",
            "Europe/Berlin/",
            "nowhere",
        ] {
            assert_eq!(offset(name, winter), None, "{name}");
        }
        assert_eq!(offset("Europe/Berlin", i64::MAX), None);
    }

    #[test]
    fn zones_have_names_where_it_was_asked_for() {
        assert_eq!(ZONES.is_some(), cfg!(feature = "zones"));
    }
}
