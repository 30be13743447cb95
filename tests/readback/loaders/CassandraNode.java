import java.nio.file.Path;
import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.utils.FBUtilities;

/** Prints how a Cassandra node would start with a cassandra.yaml: names are looked up, `key=value`. */
class CassandraNode {
    public static void main(String[] arguments) {
        Path file = Path.of(arguments[0]);
        System.setProperty("cassandra.config", file.toUri().toString());
        System.setProperty("cassandra-rackdc.properties", file.resolveSibling("rackdc").toUri().toString());
        DatabaseDescriptor.daemonInitialization();
        System.out.println("seeds=" + DatabaseDescriptor.getSeeds());
        System.out.println("listen=" + FBUtilities.getLocalAddressAndPort());
        System.out.println("native=" + FBUtilities.getBroadcastNativeAddressAndPort());
        System.out.println("bind=" + DatabaseDescriptor.getRpcAddress());
        System.out.println("tokens=" + DatabaseDescriptor.getNumTokens());
        System.out.println("cluster=" + DatabaseDescriptor.getClusterName());
        System.out.println("hints=" + DatabaseDescriptor.getHintsDirectory().path());
        System.exit(0);
    }
}
