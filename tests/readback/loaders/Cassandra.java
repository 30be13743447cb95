import java.nio.file.Path;
import org.apache.cassandra.config.Config;
import org.apache.cassandra.config.YamlConfigurationLoader;

/** Prints what Cassandra's own loader makes of a cassandra.yaml: every field, as `name=value`. */
class Cassandra {
    public static void main(String[] arguments) throws Exception {
        var file = Path.of(arguments[0]).toUri().toURL();
        Config read = new YamlConfigurationLoader().loadConfig(file);
        for (var field : Config.class.getFields()) {
            Object value = field.get(read);
            String text = value instanceof Object[] many ? String.join(",", (String[]) many) : "" + value;
            System.out.println(field.getName() + "=" + text);
        }
        System.out.println("seeds=" + read.seed_provider.parameters.get("seeds"));
    }
}
