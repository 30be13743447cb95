import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

/**
 * Prints the ID and the members that ZooKeeper finds through a zoo.cfg, as `ID=member`. Of several files each is
 * printed after its path.
 */
class ZooKeeper {
    public static void main(String[] arguments) throws Exception {
        for (String path : arguments) {
            var read = new QuorumPeerConfig();
            read.parse(path);
            if (arguments.length > 1) {
                System.out.println(path);
            }
            System.out.println("myid=" + read.getServerId());
            read.getServers().forEach((id, server) -> System.out.println(id + "=" + server));
        }
    }
}
