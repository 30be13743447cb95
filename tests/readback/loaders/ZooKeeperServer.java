import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;

/** Runs a ZooKeeper server with a zoo.cfg, asks it as a client who the members are, and ends it. */
class ZooKeeperServer {
    public static void main(String[] arguments) throws Exception {
        var server = new Thread(() -> QuorumPeerMain.main(arguments));
        server.setDaemon(true);
        server.start();
        var connected = new CountDownLatch(1);
        var client = new ZooKeeper("127.0.0.1:2181", 30000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        connected.await();
        System.out.println(new String(client.getConfig(false, null)));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
