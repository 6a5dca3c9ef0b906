//! The whole hunt: runs without a switch, with each, and with sets of them.

use super::cause::{Cause, Clue};
use super::choice::Candidate;
use super::effect::{self, Base, Effect, Judged};
use super::evidence::named;
use super::noise::Noise;
use super::report::Tried;
use super::seen::Seen;
use super::smallest::{self, Single};
use super::target::{Faults, Target};
use crate::trial::{Broken, Running, Trial};
use golang::Setting;
use report::Verdict;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A run with a switch is ended after at least so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// … and after so many times what it took without it.
const SLOWER: u32 = 10;

/// What is to be found out.
#[derive(Debug)]
pub(crate) struct Wish {
    /// How often it is run without a switch.
    pub(crate) base_runs: usize,
    /// … and with each; twice as often where it is noisy.
    pub(crate) runs: usize,
    /// How many run at once.
    pub(crate) jobs: usize,
    /// A run is ended after this.
    pub(crate) limit: Duration,
    /// What is tried.
    pub(crate) candidates: Vec<Candidate>,
    /// Sets are tried where no switch exposes by itself.
    pub(crate) tries_sets: bool,
}

/// What was found out.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) base: Base,
    /// The first run without a switch.
    pub(crate) first: Trial,
    pub(crate) tried: Vec<Tried>,
    /// The smallest set, by places in `tried`.
    pub(crate) smallest: Vec<usize>,
    pub(crate) runs: usize,
    /// How many of them were without a switch and with the faults.
    pub(crate) base_runs: usize,
}

/// What is told while it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News<'n> {
    /// So many runs without a switch are done.
    Base(usize, usize),
    /// This switch was tried, and so many are done.
    Tried(&'n str, usize, usize),
    /// Sets are tried.
    Set(usize),
}

/// Who is told.
pub(crate) type Tell<'t> = &'t (dyn Fn(News<'_>) + Sync);

/// What trying a switch took.
struct Cost {
    runs: usize,
    wall: Duration,
}

struct Hunt<'h> {
    running: &'h Running,
    target: &'h Target,
    wish: &'h Wish,
    runs: AtomicUsize,
}

/// Finds it out.
pub(crate) fn hunt(running: &Running, target: &Target, wish: &Wish, tell: Tell<'_>) -> Result<Found, Broken> {
    let hunt = Hunt { running, target, wish, runs: AtomicUsize::new(0) };
    let (base, first, base_runs) = hunt.base(tell)?;
    // Where it hangs anyway, what a run that does not would take is known from the one without the faults.
    let usual = match (&base.plain, base.noise.hangs()) {
        (_, false) => Some(base.noise.slowest),
        (Some(plain), true) => (plain.verdict != Verdict::Hung).then_some(plain.wall),
        (None, true) => None,
    };
    let limit = usual.map_or(wish.limit, |usual| wish.limit.min(PATIENCE.max(usual * SLOWER)));
    let done = AtomicUsize::new(0);
    let count = wish.candidates.len();
    let judged: Vec<(Judged, Cost)> = side_by_side(wish.jobs, count, |place| {
        let candidate = &wish.candidates[place];
        let judged = hunt.one(&base, candidate, limit)?;
        tell(News::Tried(&candidate.setting.to_string(), done.fetch_add(1, Ordering::Relaxed) + 1, count));
        Ok(judged)
    })?;
    // What the output says already needs no switch.
    let smallest = if base.named.is_empty() && wish.tries_sets {
        hunt.smallest(&base, &judged, limit, tell)?
    } else {
        Vec::new()
    };
    let tried = wish.candidates.iter().zip(judged).map(|(candidate, (judged, cost))| Tried {
        switch: candidate.setting.to_string(),
        effect: judged.effect,
        evidence: judged.evidence,
        runs: cost.runs,
        wall_s: cost.wall.as_secs_f64(),
        names: judged.names.iter().map(ToString::to_string).collect(),
        added_lines: judged.added,
        place: candidate.place.clone(),
        perturbs: candidate.is_perturbation,
    });
    Ok(Found {
        tried: tried.collect(),
        base,
        first,
        smallest,
        runs: hunt.runs.load(Ordering::Relaxed),
        base_runs,
    })
}

impl Hunt<'_> {
    fn run(&self, settings: &[Setting], faults: Faults, limit: Duration) -> Result<Trial, Broken> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.target.run(self.running, settings, faults, limit)
    }

    /// Runs it without a switch, and once without the faults.
    fn base(&self, tell: Tell<'_>) -> Result<(Base, Trial, usize), Broken> {
        let of = self.wish.base_runs;
        let done = AtomicUsize::new(0);
        let one = |_| {
            let trial = self.run(&[], Faults::Injected, self.wish.limit)?;
            tell(News::Base(done.fetch_add(1, Ordering::Relaxed) + 1, of));
            Ok(trial)
        };
        let mut trials = side_by_side(self.wish.jobs, of, one)?;
        let seen: Vec<Seen> = trials.iter().map(Seen::of).collect();
        if Noise::of(&seen).is_noisy() {
            trials.extend(side_by_side(self.wish.jobs, of, one)?);
        }
        let seen: Vec<Seen> = trials.iter().map(Seen::of).collect();
        let plain = if self.target.has_faults() {
            Some(Seen::of(&self.run(&[], Faults::LeftOut, self.wish.limit)?))
        } else {
            None
        };
        let cause = Cause::of(trials.iter().map(|trial| &trial.summary));
        // What is printed without the faults, too, is not about them.
        let of_plain: Vec<Clue> = plain
            .iter()
            .flat_map(|plain| named(&cause, &plain.lines, |_| false))
            .map(|one| one.clue)
            .collect();
        let mut all: Vec<_> = seen.iter().flat_map(|run| named(&cause, &run.lines, |_| false)).collect();
        all.sort_by(|one, other| one.clue.cmp(&other.clue));
        all.dedup_by(|one, other| one.clue == other.clue);
        all.retain(|one| !of_plain.contains(&one.clue));
        let base = Base { noise: Noise::of(&seen), cause, named: all, plain };
        let count = trials.len();
        Ok((base, trials.swap_remove(0), count))
    }

    /// Tries one switch; gives how often it was run with it, too.
    fn one(&self, base: &Base, candidate: &Candidate, limit: Duration) -> Result<(Judged, Cost), Broken> {
        let settings = std::slice::from_ref(&candidate.setting);
        let hangs = base.noise.hangs();
        let few = if hangs || candidate.unknown.is_some() { 1 } else { self.wish.runs };
        let (mut judged, cost) = self.judge(base, settings, few, limit)?;
        if let Some(why) = &candidate.unknown {
            if judged.effect == Effect::Inert {
                judged = Judged {
                    effect: Effect::Unknown,
                    evidence: format!("{why}; Go ignores it silently"),
                    ..judged
                };
            } else if judged.effect == Effect::Fatal {
                // Since go1.27 the runtime refuses a setting that an earlier release took away (removed GODEBUG).
                judged.evidence = format!("{}; {why}", judged.evidence);
            } else {
                judged.evidence = format!("{} (though {why}: something else reads it)", judged.evidence);
            }
        }
        Ok((judged, cost))
    }

    fn judge(
        &self,
        base: &Base,
        settings: &[Setting],
        few: usize,
        limit: Duration,
    ) -> Result<(Judged, Cost), Broken> {
        let mut with = Vec::new();
        for _ in 0..few {
            with.push(Seen::of(&self.run(settings, Faults::Injected, limit)?));
        }
        let differing = with.iter().filter(|run| !base.noise.ends_so(run)).count();
        if base.noise.is_noisy() && few > 1 || differing > 0 && (differing < few || few == 1) {
            for _ in 0..few {
                with.push(Seen::of(&self.run(settings, Faults::Injected, limit)?));
            }
        }
        let control = if effect::wants_control(base, &with) {
            Some(Seen::of(&self.run(settings, Faults::LeftOut, limit)?))
        } else {
            None
        };
        let cost = Cost { runs: with.len(), wall: with.iter().map(|run| run.wall).sum() };
        Ok((effect::judge(base, &with, control.as_ref(), limit.as_secs_f64()), cost))
    }

    fn smallest(
        &self,
        base: &Base,
        judged: &[(Judged, Cost)],
        limit: Duration,
        tell: Tell<'_>,
    ) -> Result<Vec<usize>, Broken> {
        let rank = |judged: &Judged| {
            let first = judged.names.first();
            first
                .and_then(|clue| base.cause.clues.iter().position(|known| known == clue))
                .unwrap_or(usize::MAX)
        };
        let singles: Vec<Single> = judged
            .iter()
            .enumerate()
            .filter(|(_, (judged, _))| judged.effect == Effect::Exposes)
            .map(|(switch, (judged, _))| Single {
                switch,
                rank: rank(judged),
                names: judged.names.len(),
                added: judged.added,
                changes: judged.evidence.contains(" → "),
            })
            .collect();
        if let Some(best) = smallest::best(&singles) {
            return Ok(vec![best]);
        }
        // Those that change the ending, then those that print most.
        let mut near: Vec<usize> = (0..judged.len())
            .filter(|place| match judged[*place].0.effect {
                Effect::Changes => true,
                Effect::Inert => judged[*place].0.added > 0,
                Effect::Exposes | Effect::Unknown | Effect::Fatal => false,
            })
            .collect();
        near.sort_by_key(|place| {
            let judged = &judged[*place].0;
            (judged.effect != Effect::Changes, usize::MAX - judged.added)
        });
        let mut broken = None;
        let mut sets = 0;
        let found = smallest::together(&near, |set| {
            sets += 1;
            tell(News::Set(sets));
            let settings: Vec<Setting> =
                set.iter().map(|place| self.wish.candidates[*place].setting.clone()).collect();
            match self.judge(base, &settings, 1, limit) {
                Ok((judged, _)) => Some(judged.effect == Effect::Exposes),
                Err(error) => {
                    broken = Some(error);
                    None
                }
            }
        });
        match broken {
            Some(error) => Err(error),
            None => Ok(found.unwrap_or_default()),
        }
    }
}

/// Does something for each number up to `count`, so many at once; gives the results in order, or the first that went wrong.
fn side_by_side<T: Send>(
    jobs: usize,
    count: usize,
    one: impl Fn(usize) -> Result<T, Broken> + Sync,
) -> Result<Vec<T>, Broken> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<T, Broken>)>> = Mutex::default();
    let all = || results.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count {
                        return;
                    }
                    let result = one(place);
                    if result.is_err() {
                        next.store(count, Ordering::Relaxed);
                    }
                    all().push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
