//! Work shared by threads, its results taken in the order of the work.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many results may wait for each worker: what bounds the memory.
const WAITING: usize = 4;
/// The stack of a worker; that of a main thread.
const STACK: usize = 8 << 20;

/// Does each piece of work on one of `jobs` threads and takes the results in order. No more pieces are read than can be
/// worked on soon. Ends early when a result cannot be taken.
pub(super) fn in_order<P: Send, R: Send>(
    jobs: usize,
    pieces: impl Iterator<Item = P> + Send,
    work: impl Fn(P) -> R + Sync,
    mut take: impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let (promise, promised) = sync_channel::<Receiver<R>>(jobs * WAITING);
    let (give, given) = sync_channel::<(P, SyncSender<R>)>(jobs);
    let given = Mutex::new(given);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (given, work) = (&given, &work);
            let worker = move || {
                loop {
                    let next = given.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((piece, reply)) = next else { return };
                    // Nobody listens any more when the taking has ended early.
                    let _ = reply.send(work(piece));
                }
            };
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker)?;
        }
        scope.spawn(move || {
            for piece in pieces {
                let (reply, result) = sync_channel(1);
                if promise.send(result).is_err() || give.send((piece, reply)).is_err() {
                    return;
                }
            }
        });
        for result in promised {
            let result = result.recv().map_err(|_| io::Error::other("a worker has failed"))?;
            take(result)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        let mut taken = Vec::new();
        let work = |number: u64| {
            thread::sleep(std::time::Duration::from_millis((number * 7) % 5));
            number * 2
        };
        in_order(3, 0..100, work, |number| {
            taken.push(number);
            Ok(())
        })
        .unwrap();
        assert_eq!(taken, (0..100).map(|number| number * 2).collect::<Vec<_>>());
    }

    #[test]
    fn ends_early() {
        let mut taken = 0;
        let done = in_order(
            2,
            0..,
            |number: u64| number,
            |_| {
                taken += 1;
                if taken < 5 { Ok(()) } else { Err(io::Error::other("enough")) }
            },
        );
        assert_eq!((done.unwrap_err().to_string(), taken), ("enough".to_owned(), 5));
    }
}
