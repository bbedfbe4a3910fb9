//! Who is on the other end of a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address of the peer of a connection; a [`Door`](crate::Door) puts it among the extensions of each request.
///
/// It is the peer of the socket: behind a proxy it is the proxy. It is for limits alone, and never logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress(SocketAddr);

impl PeerAddress {
    /// The address of a peer.
    pub const fn new(address: SocketAddr) -> PeerAddress {
        PeerAddress(address)
    }

    /// The socket address.
    pub const fn get(&self) -> SocketAddr {
        self.0
    }

    /// What limits count by: an IPv4 address, or the /64 network of an IPv6 address, since one subscriber commonly
    /// holds a whole /64 (RFC 6177). An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn network(&self) -> Network {
        Network(match self.0.ip().to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// An IPv4 address or an IPv6 /64 network: the key of limits per address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

#[cfg(test)]
mod tests {
    use super::PeerAddress;

    #[test]
    fn one_subscriber_is_one_network() {
        let network = |text: &str| PeerAddress::new(text.parse().unwrap()).network();
        assert_eq!(
            network("[2001:db8:1:2::1]:80"),
            network("[2001:db8:1:2:ffff::9]:81")
        );
        assert_ne!(
            network("[2001:db8:1:2::1]:80"),
            network("[2001:db8:1:3::1]:80")
        );
        assert_eq!(network("[::ffff:192.0.2.1]:80"), network("192.0.2.1:9"));
        assert_ne!(network("192.0.2.1:80"), network("192.0.2.2:80"));
    }
}
