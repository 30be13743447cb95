import java.nio.file.Path;
import java.util.List;
import org.opensearch.discovery.FileBasedSeedHostsProvider;

/** Prints the hosts that OpenSearch finds in the unicast_hosts.txt of a config folder, one a line. */
class OpenSearch {
    public static void main(String[] arguments) {
        var provider = new FileBasedSeedHostsProvider(Path.of(arguments[0]));
        provider.getSeedAddresses(hosts -> {
            hosts.forEach(System.out::println);
            return List.of();
        });
    }
}
