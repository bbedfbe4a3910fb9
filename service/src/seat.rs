//! Seats: how many connections a door holds at once, in all and of one address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::Limits;
use crate::peer_address::Network;

/// The seats of a door.
#[derive(Clone, Debug)]
pub(crate) struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug)]
struct Taken {
    in_all: usize,
    // Bounded by in_all: a network without a connection is removed.
    of_network: HashMap<Network, usize>,
    in_all_max: usize,
    of_network_max: usize,
}

impl Seats {
    pub(crate) fn new(limits: &Limits) -> Seats {
        Seats(Arc::new(Mutex::new(Taken {
            in_all: 0,
            of_network: HashMap::new(),
            in_all_max: limits.connections_max,
            of_network_max: limits.connections_per_address_max,
        })))
    }

    /// A seat for one connection, or none: the house is full, or this network has its share.
    pub(crate) fn take(&self, network: Network) -> Option<Seat> {
        let mut taken = self.0.lock().expect("no code panics while it counts seats");
        let of_network = taken.of_network.get(&network).copied().unwrap_or(0);
        if taken.in_all >= taken.in_all_max || of_network >= taken.of_network_max {
            return None;
        }
        taken.in_all += 1;
        taken.of_network.insert(network, of_network + 1);
        Some(Seat {
            seats: self.clone(),
            network,
        })
    }
}

/// One connection's seat, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    network: Network,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .0
            .lock()
            .expect("no code panics while it counts seats");
        taken.in_all -= 1;
        let of_network = taken
            .of_network
            .get_mut(&self.network)
            .expect("a seat was counted when it was taken");
        *of_network -= 1;
        if *of_network == 0 {
            taken.of_network.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seats;
    use crate::{Limits, PeerAddress};

    #[test]
    fn a_network_has_its_share_and_the_house_its_walls() {
        let seats = Seats::new(&Limits {
            connections_max: 3,
            connections_per_address_max: 2,
            ..Limits::default()
        });
        let network = |text: &str| PeerAddress::new(text.parse().unwrap()).network();
        let (a, b, c) = (
            network("192.0.2.1:1"),
            network("192.0.2.2:1"),
            network("192.0.2.3:1"),
        );
        let first = seats.take(a).unwrap();
        let _second = seats.take(a).unwrap();
        assert!(seats.take(a).is_none(), "one network has two seats at most");
        let third = seats.take(b).unwrap();
        assert!(seats.take(c).is_none(), "the house has three seats");
        drop(first);
        drop(third);
        assert!(seats.take(a).is_some());
        assert_eq!(
            seats.0.lock().unwrap().of_network.len(),
            1,
            "a network without a connection is forgotten"
        );
    }
}
