//! The key that ends the input, told by time alone from the first byte of a line.

use crate::limits::END_KEY_WAIT;
use crate::server::Config;

use super::scene::Scene;

#[test]
fn text_that_comes_a_moment_behind_the_end_key_makes_it_text() {
    let mut scene = Scene::with(Config::default());
    let ann = scene.enter([127, 0, 0, 1], "ann");
    let bob = scene.enter([127, 0, 0, 2], "bob");
    scene.say(ann, "before\n\u{4}");
    scene.until(|it| it.heard(bob).contains("ann: before"));
    scene.world.pass(END_KEY_WAIT / 2);
    scene.tick();
    scene.say(ann, "hello\n");
    scene.until(|it| it.heard(bob).contains("ann: \u{2404}hello"));

    scene.say(ann, "\u{4}");
    scene.tick();
    scene.world.pass(END_KEY_WAIT / 2);
    scene.tick();
    assert_eq!(scene.heard(ann).matches("Goodbye!").count(), 0);
    scene.world.pass(END_KEY_WAIT);
    scene.until(|it| it.heard(bob).contains("ann has left the chat."));
    assert!(scene.heard(ann).contains("Goodbye!"));
}
