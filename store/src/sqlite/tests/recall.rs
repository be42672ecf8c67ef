//! Times to call somebody again, whatever they are given by.

use super::*;
use crate::model::{Amend, TaskQuery, TaskRow};
use crate::permission::Scope;

fn amend(world: &World, attempt: AttemptId, status: Option<&str>, recall_at: Option<Option<i64>>) -> Amend {
    Amend {
        attempt,
        status: status.map(str::to_owned),
        memo: None,
        recall_at,
        reason: "聞き間違い".into(),
        scope: Scope::All,
        by: world.actor(),
        now: world.now + MINUTE,
    }
}

fn tasks(world: &World) -> Vec<TaskRow> {
    world.reader().tasks(&TaskQuery::default()).unwrap()
}

/// S4.46, S4.49: nobody is called back in the past, by a correction as little as by a save. What stands there may have passed.
#[test]
fn a_corrected_time_to_call_back_is_to_come() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let save = Save { recall_at: Some(NOW + MINUTE), ..world.save(attempt, "再コール") };
    world.db.save(&save).unwrap();
    world.db.seal(attempt, NOW).unwrap();
    world.now = NOW + 10 * MINUTE;
    let at = |world: &World, at| amend(world, attempt, Some("再コール"), Some(Some(at)));
    let refused = world.db.amend(&at(&world, NOW + 2 * MINUTE)).unwrap_err();
    assert_eq!(refused.code(), "E-VALUE");
    assert!(refused.ja().contains("再コール日時: 今 (2026-11-21 10:11) より後"), "{}", refused.ja());
    assert_eq!(tasks(&world)[0].due_at, Some(NOW + MINUTE), "nothing of it is kept");
    // The same again beside another memo, and the minute that runs.
    let same = Amend { memo: Some("夕方".into()), ..at(&world, NOW + MINUTE) };
    assert_eq!(world.db.amend(&same).unwrap().row.memo.as_deref(), Some("夕方"));
    world.db.amend(&at(&world, NOW + 11 * MINUTE)).unwrap();
    assert_eq!(tasks(&world)[0].due_at, Some(NOW + 11 * MINUTE));
}

/// S2.30, S4.49: a time that was promised stays until another judgement takes it away: neither the same one said again, nor another that
/// asks for a callback does, nor the first one behind a time that was noted during the call.
#[test]
fn a_promised_time_is_not_lost_by_saving_again() {
    for (saves, due) in [
        (&[("再コール", Some(MINUTE)), ("再コール", None)][..], Some(MINUTE)),
        (&[("再コール", Some(MINUTE)), ("見込", None)], Some(MINUTE)),
        (&[("", Some(MINUTE)), ("再コール", None)], Some(MINUTE)),
        (&[("", Some(MINUTE)), ("通話済", None)], Some(MINUTE)),
        (&[("再コール", Some(MINUTE)), ("再コール", Some(2 * MINUTE))], Some(2 * MINUTE)),
        (&[("再コール", Some(MINUTE)), ("通話済", None)], None),
        (&[("再コール", Some(MINUTE)), ("通話済", None), ("再コール", None)], None),
        (&[("", Some(MINUTE)), ("クレーム", None)], None),
    ] {
        let mut world = World::new(1);
        let attempt = world.dial().unwrap().attempt;
        world.db.end_attempt(&world.ended(attempt)).unwrap();
        for (status, at) in saves {
            let recall_at = at.map(|at| NOW + at);
            world
                .db
                .save(&Save { recall_at, memo: Some("資料".into()), ..world.save(attempt, status) })
                .unwrap();
        }
        let due = due.map(|at| NOW + at);
        assert_eq!(world.db.recall_of(attempt).unwrap(), due, "{saves:?}");
        assert_eq!(tasks(&world).first().and_then(|task| task.due_at), due, "{saves:?}");
        world.db.seal(attempt, NOW).unwrap();
        assert_eq!(world.leads()[0].recall_at, due, "{saves:?}");
        assert!(world.is_sound());
    }
}

/// X4: a time to call back somebody who is never called again would be promised for nothing.
#[test]
fn nobody_is_called_back_who_is_never_called() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let at = Some(NOW + MINUTE);
    let refused = world.db.save(&Save { recall_at: at, ..world.save(attempt, "FAX") }).unwrap_err();
    assert_eq!(refused.code(), "E-VALUE");
    assert!(refused.ja().contains("「FAX」は今後発信しない"), "{}", refused.ja());
    world.db.save(&world.save(attempt, "クレーム")).unwrap();
    let late = Save { recall_at: at, ..world.save(attempt, "") };
    assert_eq!(world.db.save(&late).unwrap_err().code(), "E-VALUE");
    world.db.seal(attempt, NOW).unwrap();
    let amends =
        [None, Some("現アナ"), Some("再コール")].map(|status| amend(&world, attempt, status, Some(at)));
    let [complaint, gone, callback] =
        amends.map(|amend| world.db.amend(&amend).map(|done| done.row.recall_at));
    assert_eq!(complaint.unwrap_err().code(), "E-VALUE");
    assert_eq!(gone.unwrap_err().code(), "E-VALUE");
    assert_eq!(callback.unwrap(), at);
}
