//! What a pipe tells of lines that did not arrive.

use super::delivery::undelivered;

#[test]
fn lines_that_did_not_arrive_are_told_behind_the_reason() {
    let none = (0, "");
    for (reason, in_doubt, refused, unsent, told) in [
        ("", 0, none, (0, false), ""),
        ("gone", 0, none, (0, true), "gone"),
        ("gone", 0, none, (1, false), "gone; 1 line was not sent"),
        (
            "gone",
            1,
            none,
            (2, true),
            "gone; 1 line may not have arrived; at least 2 lines were not sent",
        ),
        ("Go.", 0, none, (2, false), "Go. 2 lines were not sent"),
        (
            "",
            2,
            (1, "No."),
            (0, false),
            "2 lines may not have arrived; 1 line was not taken: No",
        ),
    ] {
        assert_eq!(undelivered(reason, in_doubt, refused, unsent), told);
    }
}
