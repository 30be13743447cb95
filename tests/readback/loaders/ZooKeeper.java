import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

/** Prints the ID and the members that ZooKeeper finds through a zoo.cfg, as `ID=member`. */
class ZooKeeper {
    public static void main(String[] arguments) throws Exception {
        var read = new QuorumPeerConfig();
        read.parse(arguments[0]);
        System.out.println("myid=" + read.getServerId());
        read.getServers().forEach((id, server) -> System.out.println(id + "=" + server));
    }
}
