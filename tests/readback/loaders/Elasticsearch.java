import java.nio.file.Path;
import java.util.List;
import org.elasticsearch.discovery.FileBasedSeedHostsProvider;

/** Prints the hosts that Elasticsearch finds in the unicast_hosts.txt of a config folder, one a line. */
class Elasticsearch {
    public static void main(String[] arguments) {
        var provider = new FileBasedSeedHostsProvider(Path.of(arguments[0]));
        provider.getSeedAddresses(hosts -> {
            hosts.forEach(System.out::println);
            return List.of();
        });
    }
}
