//! A peer's side of directory machines: it registers what it has, again in time, and asks.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::models::directory::{Body, MAX_CONTENTS, Message};
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The queries of a client under way.
const MAX_QUERIES: usize = 1_024;

/// The choices of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The period in which it registers again, with a quarter of jitter either way.
    pub refresh: Duration,
    /// The time after which a question counts as unanswered.
    pub timeout: Duration,
    /// The times that a question is sent again to a machine that did not answer, before the next machine is asked.
    pub retries: u8,
}

/// The number of a query that a client began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueryId(pub u64);

/// An output: a task for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Deliver this message to a directory machine.
    Send(Id, Message, Option<QueryId>),
    /// A query has ended.
    Ended(QueryId, Answer),
}

/// The outcome of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The peers that were named.
    pub peers: Vec<Id>,
    /// The machine that answered; `None` when none did.
    pub by: Option<Id>,
    /// The duration of the query.
    pub took: Duration,
}

#[derive(Clone, Debug)]
struct Query {
    content: ContentId,
    /// The machines to ask, the one that is being asked first.
    machines: VecDeque<Id>,
    tries: u8,
    /// The machine that answered that it knows nobody.
    answered: Option<Id>,
    began: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Register(Id),
    Query(u64),
}

/// A client of directory machines.
#[derive(Clone, Debug)]
pub struct Client {
    config: Config,
    /// The contents that each machine is told of.
    shared: BTreeMap<Id, BTreeSet<ContentId>>,
    queries: BTreeMap<u64, Query>,
    timers: BTreeMap<Timer, Instant>,
    outputs: VecDeque<Output>,
    rng: Rng,
    last: u64,
}

impl Client {
    /// A client that shares nothing.
    pub const fn new(config: Config, rng: Rng) -> Self {
        Self {
            config,
            shared: BTreeMap::new(),
            queries: BTreeMap::new(),
            timers: BTreeMap::new(),
            outputs: VecDeque::new(),
            rng,
            last: 0,
        }
    }

    /// Registers a content with these machines from now on.
    pub fn share(&mut self, now: Instant, content: ContentId, machines: &[Id]) {
        for machine in machines {
            self.shared.entry(*machine).or_default().insert(content);
            self.timers.insert(Timer::Register(*machine), now);
        }
    }

    /// Takes a content back from the machines that were told of it.
    pub fn withdraw(&mut self, content: ContentId) {
        let mut told = Vec::new();
        for (machine, contents) in &mut self.shared {
            if contents.remove(&content) {
                told.push(*machine);
            }
        }
        self.shared.retain(|_, contents| !contents.is_empty());
        for machine in told {
            if !self.shared.contains_key(&machine) {
                self.timers.remove(&Timer::Register(machine));
            }
            let number = self.number();
            let body = Body::Unregister(vec![content]);
            self.send(machine, Message { number, body }, None);
        }
    }

    /// Asks these machines who has a content, one after the other, until one names somebody. [`Output::Ended`] follows; `None` at the limit.
    pub fn query(&mut self, now: Instant, content: ContentId, machines: &[Id]) -> Option<QueryId> {
        if self.queries.len() >= MAX_QUERIES {
            return None;
        }
        let number = self.number();
        let query = Query {
            content,
            machines: machines.iter().copied().collect(),
            tries: 0,
            answered: None,
            began: now,
        };
        self.queries.insert(number, query);
        self.go_on(now, number);
        Some(QueryId(number))
    }

    /// Handles an answer.
    pub fn handle_message(&mut self, now: Instant, from: Id, message: Message) {
        let number = message.number;
        let Body::Peers(peers) = message.body else {
            return;
        };
        let Some(query) = self.queries.get_mut(&number) else {
            return;
        };
        if query.machines.front() != Some(&from) {
            return;
        }
        if peers.is_empty() {
            query.answered = Some(from);
            query.machines.pop_front();
            query.tries = 0;
            self.go_on(now, number);
        } else {
            self.end(now, number, peers, Some(from));
        }
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = self.timers.iter().filter(|(_, at)| **at <= now);
        let due: Vec<Timer> = due.map(|(timer, _)| *timer).collect();
        for timer in due {
            self.timers.remove(&timer);
            match timer {
                Timer::Register(machine) => self.register(now, machine),
                Timer::Query(number) => self.on_silence(now, number),
            }
        }
    }

    /// Returns the next output, which the owner must carry out in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns the time to call [`Client::handle_timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.values().min().copied()
    }

    /// Returns the number of machines that it registers with.
    pub fn machines(&self) -> usize {
        self.shared.len()
    }

    /// Returns the number of contents with machines that it registers with: its own state.
    pub fn entries(&self) -> usize {
        self.shared.values().map(BTreeSet::len).sum()
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn send(&mut self, to: Id, message: Message, query: Option<QueryId>) {
        self.outputs.push_back(Output::Send(to, message, query));
    }

    fn register(&mut self, now: Instant, machine: Id) {
        let Some(contents) = self.shared.get(&machine) else {
            return;
        };
        let all: Vec<ContentId> = contents.iter().copied().collect();
        for some in all.chunks(MAX_CONTENTS) {
            let number = self.number();
            let body = Body::Register(some.to_vec());
            self.send(machine, Message { number, body }, None);
        }
        let every = self.config.refresh;
        let wait = self.rng.duration(every * 3 / 4, every * 5 / 4);
        self.timers.insert(Timer::Register(machine), now + wait);
    }

    /// Asks the first machine that is left; without one the query is over.
    fn go_on(&mut self, now: Instant, number: u64) {
        let Some(query) = self.queries.get(&number) else {
            return;
        };
        let (content, answered) = (query.content, query.answered);
        let Some(machine) = query.machines.front().copied() else {
            return self.end(now, number, Vec::new(), answered);
        };
        let body = Body::Query(content);
        self.send(machine, Message { number, body }, Some(QueryId(number)));
        let due = now + self.config.timeout;
        self.timers.insert(Timer::Query(number), due);
    }

    fn on_silence(&mut self, now: Instant, number: u64) {
        let retries = self.config.retries;
        let Some(query) = self.queries.get_mut(&number) else {
            return;
        };
        match query.tries < retries {
            true => query.tries += 1,
            false => {
                query.machines.pop_front();
                query.tries = 0;
            }
        }
        self.go_on(now, number);
    }

    fn end(&mut self, now: Instant, number: u64, peers: Vec<Id>, by: Option<Id>) {
        self.timers.remove(&Timer::Query(number));
        if let Some(query) = self.queries.remove(&number) {
            let took = now.since(query.began);
            let answer = Answer { peers, by, took };
            self.outputs
                .push_back(Output::Ended(QueryId(number), answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::directory::server::Server;

    const CONFIG: Config = Config {
        refresh: Duration::from_secs(20),
        timeout: Duration::from_millis(500),
        retries: 1,
    };

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn sent(client: &mut Client) -> Vec<(u64, Body)> {
        let all = core::iter::from_fn(|| client.poll_output());
        let sent = all.filter_map(|output| match output {
            Output::Send(to, message, _) => Some((to.to_u64().unwrap(), message.body)),
            Output::Ended(..) => None,
        });
        sent.collect()
    }

    /// Carries messages between a client and machines until nothing is sent; returns the outcome of its query.
    fn carry(client: &mut Client, machines: &mut BTreeMap<Id, Server>) -> Option<Answer> {
        let mut now = at(0);
        loop {
            while let Some(output) = client.poll_output() {
                match output {
                    Output::Send(to, message, _) => {
                        let machine = machines.get_mut(&to);
                        let answer = machine.and_then(|machine| {
                            machine.handle_message(now, Id::from_u64(1), message)
                        });
                        if let Some(answer) = answer {
                            client.handle_message(now, to, answer);
                        }
                    }
                    Output::Ended(_, answer) => return Some(answer),
                }
            }
            now = client.poll_timeout()?;
            client.handle_timeout(now);
        }
    }

    #[test]
    fn it_registers_again_in_time_and_takes_back_what_it_has_no_more() {
        let mut client = Client::new(CONFIG, Rng::from_seed(1, 0));
        let content = ContentId::of(b"a");
        client.share(at(0), content, &[Id::from_u64(8), Id::from_u64(9)]);
        let mut told = BTreeMap::<u64, Vec<u64>>::new();
        while let Some(now) = client.poll_timeout().filter(|now| *now < at(100_000)) {
            client.handle_timeout(now);
            for (machine, body) in sent(&mut client) {
                assert_eq!(body, Body::Register(vec![content]));
                told.entry(machine).or_default().push(now.as_millis());
            }
        }
        for times in told.values() {
            assert!((4..=7).contains(&times.len()), "{times:?}");
            let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
            gaps.for_each(|gap| assert!((15_000..=25_000).contains(&gap)));
        }
        client.withdraw(content);
        let back = || Body::Unregister(vec![content]);
        assert_eq!(sent(&mut client), [(8, back()), (9, back())]);
        assert_eq!(client.poll_timeout(), None);
    }

    #[test]
    fn a_query_goes_from_machine_to_machine_until_one_names_somebody() {
        let content = ContentId::of(b"a");
        let (silent, empty, full) = (Id::from_u64(7), Id::from_u64(8), Id::from_u64(9));
        let mut server = Server::new(Duration::from_secs(60));
        let number = 0;
        let body = Body::Register(vec![content]);
        server.handle_message(at(0), Id::from_u64(3), Message { number, body });
        let mut machines = BTreeMap::new();
        machines.insert(empty, Server::new(Duration::from_secs(60)));
        machines.insert(full, server);
        let mut client = Client::new(CONFIG, Rng::from_seed(1, 0));
        client.query(at(0), content, &[silent, empty, full]);
        let answer = carry(&mut client, &mut machines).unwrap();
        assert_eq!(answer.peers, [Id::from_u64(3)]);
        assert_eq!(answer.by, Some(full));
        assert_eq!(
            answer.took,
            Duration::from_secs(1),
            "two tries at the silent one"
        );
        client.query(at(0), content, &[silent]);
        let answer = carry(&mut client, &mut machines).unwrap();
        assert_eq!((answer.by, answer.peers.len()), (None, 0));
        client.query(at(0), content, &[silent, empty]);
        let answer = carry(&mut client, &mut machines).unwrap();
        assert_eq!((answer.by, answer.peers.len()), (Some(empty), 0));
    }
}
